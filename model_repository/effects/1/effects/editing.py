"""All effects of a frame, in the order they have to come in."""

from __future__ import annotations

from effects import anonymize, background, skin, stickers
from effects.raster import Floats, Pixels
from effects.settings import Settings


def edit(
    frame: Pixels,
    settings: Settings,
    *,
    matte: Floats | None = None,
    picture: background.Picture | None = None,
    hidden: Floats,
    meshes: Floats,
) -> Pixels:
    """`frame` [H, W, 3] with the effects of `settings`; it is not written to.

    matte: [H, W], 1 where a person is; None while the background stays. picture: to replace it with. hidden:
    boxes [N, 4] of faces to be covered. meshes: of all faces, [F, 468, 3]; empty where no effect needs them.
    """
    edited = frame
    if settings.touches_skin:
        edited = skin.improve(edited, meshes, settings.smooth, settings.brighten)
    # Before the background, so that no face is left in what shines through the matte.
    if settings.anonymize > 0:
        edited = anonymize.cover(edited, hidden, settings.anonymize)
    if matte is not None:
        behind = picture.cover(*frame.shape[:2]) if picture is not None and settings.replace > 0 else None
        edited = background.change(edited, matte, settings.blur, settings.replace, behind)
    # Last: hats reach beyond the matte.
    if settings.draws_sticker:
        edited = stickers.apply(edited, meshes, settings.sticker, settings.sticker_strength)
    return edited
