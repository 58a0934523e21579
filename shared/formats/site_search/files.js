// The files that `writer.py` wrote. They register themselves when they are loaded, by
// script tags in a browser.

const KEPT_PACKS = 300, KEPT_SHARDS = 150, PACKS_PER_FOLDER = 1000;
const registered = new Map();
function add(kind, number, ...values) {
  registered.set(kind + number, values);
}

const packName = (number) => `p${Math.floor(number / PACKS_PER_FOLDER)}/${number}.js`;

// A page has no other way to read a file beside it.
const byScript = (address) => new Promise((resolve, reject) => {
  const script = document.createElement("script");
  script.src = address;
  script.onload = () => { script.remove(); resolve(); };
  script.onerror = () => { script.remove(); reject(new Error(`${address} is missing`)); };
  document.head.append(script);
});

// What was read is kept for a while: the last ones used.
class Kept {
  constructor(most, read) { this.most = most; this.read = read; this.known = new Map(); }
  get(key) {
    const found = this.known.get(key) ?? this.read(key);
    this.known.delete(key);
    this.known.set(key, found);
    found.catch(() => this.known.delete(key));
    if (this.known.size > this.most) this.known.delete(this.known.keys().next().value);
    return found;
  }
}
