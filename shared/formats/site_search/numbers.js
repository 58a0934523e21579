// Numbers as `numbers.py` and `shards.py` write them.

const BASE = 91, ENDS = 80, GOES_ON = BASE - ENDS, TAIL_FROM = 8, BITS = 6, BITMAP_SHARE = 6;
const VALUES = new Uint8Array(128);
for (let code = 33, value = 0; code < 126; code++) if (code !== 34 && code !== 92) VALUES[code] = value++;

function numbers(text) {
  const found = [];
  for (let at = 0, value = 0; at < text.length; at++) {
    const digit = VALUES[text.charCodeAt(at)];
    if (digit < ENDS) { found.push(value * ENDS + digit); value = 0; }
    else value = value * GOES_ON + digit - ENDS + 1;
  }
  return found;
}

const isBitmap = (count, total) => count > Math.floor(total / BITMAP_SHARE);
function tailLength(count, total) {
  let length = 0;
  while (count && total >= TAIL_FROM * BASE ** (length + 1) * count) length++;
  return length;
}
// Where the messages of a term end that begin somewhere in a text.
function endOfMessages(text, from, count, total) {
  if (isBitmap(count, total)) return from + Math.ceil(total / BITS);
  const tail = tailLength(count, total);
  let at = from;
  for (let left = count; left; left--) {
    while (VALUES[text.charCodeAt(at)] >= ENDS) at++;
    at += 1 + tail;
  }
  return at;
}
function messagesIn(text, count, total) {
  const found = new Uint32Array(count);
  let size = 0;
  if (isBitmap(count, total)) {
    for (let at = 0; at < text.length; at++)
      for (let bits = VALUES[text.charCodeAt(at)], bit = 0; bits; bits >>= 1, bit++)
        if (bits & 1) found[size++] = at * BITS + bit;
    return found;
  }
  const tail = tailLength(count, total);
  for (let at = 0, value = 0, before = -1; at < text.length; at++) {
    const digit = VALUES[text.charCodeAt(at)];
    if (digit >= ENDS) { value = value * GOES_ON + digit - ENDS + 1; continue; }
    value = value * ENDS + digit;
    for (let more = tail; more; more--) value = value * BASE + VALUES[text.charCodeAt(++at)];
    before += value + 1;
    found[size++] = before;
    value = 0;
  }
  return found;
}

// The places of a term in those of its messages that are wanted, in their order.
function placesIn(text, messages, wanted) {
  const found = [];
  let at = 0, next = 0, value = 0;
  for (const message of messages) {
    const places = message === wanted[next] ? [] : null;
    for (let place = 0, more = 1; more; ) {
      let digit = VALUES[text.charCodeAt(at++)];
      for (value = 0; digit >= ENDS; digit = VALUES[text.charCodeAt(at++)]) value = value * GOES_ON + digit - ENDS + 1;
      value = value * ENDS + digit;
      more = value & 1;
      place += value >> 1;
      places?.push(place);
    }
    if (!places) continue;
    found.push(places);
    if (++next === wanted.length) break;
  }
  return found;
}
