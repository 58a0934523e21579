// Finds messages, and says where.

class Engine {
  constructor(base) {
    this.base = base;
  }

  async find(said, filter = {}, { limit = 50, offset = 0 } = {}) {
    const query = isBlank(said) && isLimited(filter) ? null : parse(said);
    const found = await this.base.found(query, filter);
    const rows = await this.base.newest(found, offset, limit);
    return { count: found.length, hits: rows.map(hitOf) };
  }

  marks(said, query) {
    return marks(said, query);
  }
}

const isLimited = ({ person, after, before, edited, deleted, files }) =>
  Boolean(person || edited || deleted || files) || after != null || before != null;
const hitOf = ([thread, ordinal, id, time, sender, ...texts]) =>
  ({ thread, ordinal, id: id === 0 ? String(time) : id, time, sender, texts });

// `people` are names by number.
async function open(base, people, { load = byScript } = {}) {
  const files = async (kind, number, name) => {
    await load(base + name);
    const found = registered.get(kind + number);
    registered.delete(kind + number);
    return found;
  };
  const [manifest] = await files("manifest", 0, "m.js");
  return new Engine(new Part(files, manifest, people.map(words)));
}
