"""All effects of a frame, in the order they have to come in."""

from __future__ import annotations

import anonymize
import background
import matte
import skin
import stickers
from raster import Floats, Pixels
from rooms import Room
from settings import Settings


def edit(
    frame: Pixels, mask: Floats, settings: Settings, room: Room, hidden: Floats, meshes: Floats
) -> Pixels:
    """`frame` [H, W, 3] with the effects of `settings`.

    mask: [256, 256], how probably there is a person. hidden: boxes [N, 4] of faces to be covered. meshes: of
    all faces, [F, 468, 3]. What no effect needs may be empty. The frame itself is not written to.
    """
    edited = frame
    if settings.touches_skin:
        edited = skin.improve(edited, meshes, settings.smooth, settings.brighten)
    # Before the background, so that no face is left in what shines through the matte.
    if settings.anonymize > 0:
        edited = anonymize.cover(edited, hidden, settings.anonymize)
    if settings.changes_background:
        alpha = matte.to_frame(room.mask.next(mask, frame), frame)
        picture = room.background.cover(*frame.shape[:2]) if room.background is not None else None
        edited = background.change(edited, alpha, settings.blur, settings.replace, picture)
    # Last: hats reach beyond the matte.
    if settings.draws_sticker:
        edited = stickers.apply(edited, meshes, settings.sticker, settings.sticker_strength)
    return edited
