// Sets of messages: ascending numbers.

function both(one, other) {
  if (one.length > other.length) [one, other] = [other, one];
  const found = new Uint32Array(one.length);
  let size = 0, at = 0;
  const isFar = other.length > one.length * 20;
  for (const number of one) {
    if (isFar) at = firstFrom(other, number, at);
    else while (at < other.length && other[at] < number) at++;
    if (at < other.length && other[at] === number) found[size++] = number;
  }
  return found.subarray(0, size);
}
function firstFrom(sorted, number, low = 0) {
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}
function without(one, other) {
  const found = new Uint32Array(one.length);
  let size = 0, at = 0;
  for (const number of one) {
    while (at < other.length && other[at] < number) at++;
    if (at >= other.length || other[at] !== number) found[size++] = number;
  }
  return found.subarray(0, size);
}
function union(sets, total) {
  const full = sets.filter((set) => set.length);
  if (full.length < 2) return full[0] ?? new Uint32Array();
  const bits = new Uint32Array((total + 31) >> 5);
  for (const set of full) for (const number of set) bits[number >> 5] |= 1 << (number & 31);
  let size = 0;
  for (let word of bits) for (; word; word &= word - 1) size++;
  const found = new Uint32Array(size);
  size = 0;
  bits.forEach((word, at) => {
    for (; word; word &= word - 1) found[size++] = (at << 5) + 31 - Math.clz32(word & -word);
  });
  return found;
}
