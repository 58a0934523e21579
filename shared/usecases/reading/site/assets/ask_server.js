
// In a view the server searches, and this asks it.
ChatSearch.open = async () => ({
  async find(words, filter, page) {
    const answer = await fetch("find.json?" + new URLSearchParams({ asked: JSON.stringify({ words, ...filter, ...page }) }));
    const found = await answer.json();
    if (found.error) throw new Error(found.error);
    return found;
  },
  marks: (text, words) => ChatSearch.marks(text, words),
});
