-- Screens requests for what Triton 24.10 does not survive, before any of it reaches a server.
--
-- A stream is for the model of its first message, in its latest version. Where messages for a decoupled model meet
-- those for another kind, or for one that does not exist, Triton writes two answers at once and aborts ("ASSERTION
-- FAILED: !byte_buffer->Valid()"). And so a later message reaches no inner model.
--
-- Sizes of shapes are such as may be. Of one whose bytes come to 2^64 Triton makes 0, which fits an empty tensor, and
-- numpy then ends the model's process ("array is too big"). A batch of none is never answered.
--
-- Outputs are asked for without parameters. `classification` of one that is text divides by zero in the server.

local FIELDS = 512 -- of a message and its inputs, at most; one for captions has about 80
local left = 0
local ONE_MODEL = "a stream is for one model, in its latest version"
local SHAPE = "an input has a size below 0 or beyond 268435455, or a batch of none"
local PLAIN = "an output is asked for with parameters, such as classification: name it alone"
local NAME = "a name, a type or a parameter is longer than 256 bytes"
local NAMES = 256 -- Triton says them again in its errors, and Envoy takes no more than 60 KiB of trailers
local MALFORMED = "the message is not written as ModelInferRequest has to be"

-- A number of up to four bytes and the index of the last one; nothing for a longer one.
local function varint(text, from)
  local value, scale = 0, 1
  for index = from, from + 3 do
    local byte = text:byte(index)
    if not byte then return nil end
    value, scale = value + byte % 128 * scale, scale * 128
    if byte < 128 then return value, index end
  end
end

-- What `see(tag, first, after)` finds wrong with one of the fields between two places of a
-- buffer. Each is a byte, a length and so many bytes; what is not is not guessed at.
local function look(buffer, at, last, see)
  while at < last and left > 0 do
    left = left - 1
    local head = buffer:getBytes(at, math.min(5, last - at))
    local tag, length, used = head:byte(1), varint(head, 2)
    if tag > 127 or tag % 8 ~= 2 or not length then return MALFORMED end
    local first = at + used
    at = first + length
    if at > last then return MALFORMED end
    local wrong = see(tag, first, at)
    if wrong then return wrong end
  end
  if at < last then return MALFORMED end
end

-- What is wrong with the shape of one of `inputs`.
local function shape(buffer, at, last)
  local sizes = {}
  local wrong = look(buffer, at, last, function(tag, first, after)
    if tag == 10 or tag == 18 then return after - first > NAMES and NAME or nil end
    if tag ~= 26 then return nil end
    local packed, index = buffer:getBytes(first, after - first), 0
    while index < #packed do
      local size, used = varint(packed, index + 1)
      if not size or #sizes > 8 then return SHAPE end
      sizes[#sizes + 1], index = size, used
    end
  end)
  return wrong or (#sizes > 1 and sizes[1] == 0 and SHAPE) or nil
end

-- What is wrong with a field of one of `outputs`.
local function parameters(tag, first, after)
  return tag == 18 and PLAIN or after - first > NAMES and NAME or nil
end

-- What is wrong with a message, and its id. model: the only one it may be for, if there is one.
local function screen(buffer, at, last, model)
  local id, named = "", not model
  left = FIELDS
  local wrong = look(buffer, at, last, function(tag, first, after)
    local length = after - first
    if tag == 42 then return shape(buffer, first, after) end
    if tag == 50 then return look(buffer, first, after, parameters) end
    if tag == 26 and length < 128 then id = buffer:getBytes(first, length) end
    if not model then return (tag == 34 or tag == 18 or tag == 26) and length > NAMES and NAME or nil end
    if tag == 18 and length > 0 then return ONE_MODEL end
    if tag == 10 then
      named = length == #model and buffer:getBytes(first, length) == model
      return not named and ONE_MODEL or nil
    end
  end)
  return wrong or (not named and ONE_MODEL) or nil, id
end

local function field(tag, bytes) return string.char(tag, #bytes) .. bytes end

-- What Triton gets in place of a message: it answers that `model` has no such input.
local function refusal(model, id, wrong)
  local body = field(10, model) .. field(26, id) .. field(42, field(10, wrong))
  return string.char(0, 0, 0, math.floor(#body / 256), #body % 256) .. body
end

-- Where the message that begins at a place ends; nothing where it does not.
local function ending(buffer, at)
  if buffer:length() < at + 5 then return nil end
  local flag, a, b, c, d = buffer:getBytes(at, 5):byte(1, 5)
  local last = at + 5 + ((a * 256 + b) * 256 + c) * 256 + d
  return flag == 0 and last <= buffer:length() and last or nil
end

-- Whole messages, as they come here, with refusals in place of some; nothing if all are well.
local function screened(chunk, model)
  local passed, at, refused = {}, 0, false
  local last = ending(chunk, at)
  while last do
    local wrong, id = screen(chunk, at + 5, last, model)
    passed[#passed + 1] = wrong and { refusal(model, id, wrong) } or { at, last - at }
    refused, at = refused or wrong, last
    last = ending(chunk, at)
  end
  if not refused and at == chunk:length() then return nil end
  for index, part in ipairs(passed) do
    passed[index] = part[2] and chunk:getBytes(part[1], part[2]) or part[1]
  end
  return table.concat(passed)
end

local function streamed(handle)
  local asked = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.grpc_field_extraction")
  for chunk in handle:bodyChunks() do
    local well, other = pcall(screened, chunk, asked.model_name[1])
    if other then chunk:setBytes(well and other or "") end
  end
end

local function called(handle)
  local body = handle:body()
  local last = body and ending(body, 0)
  local well, wrong = pcall(screen, body, 5, last)
  if well and not wrong then return end
  handle:respond({
    [":status"] = "200",
    ["content-type"] = "application/grpc",
    ["grpc-status"] = "3",
    ["grpc-message"] = well and wrong or MALFORMED,
  })
end

function envoy_on_request(handle)
  local method = handle:headers():get(":path"):match("^[^?]*"):match("[^/]*$")
  if method == "ModelStreamInfer" then streamed(handle) end
  if method == "ModelInfer" then called(handle) end
end
