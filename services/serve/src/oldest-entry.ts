/** Removes the entry that was put in first: maps and sets keep the order of insertion. */
export function dropOldest<Key>(entries: { keys(): Iterable<Key>; delete(key: Key): boolean }): void {
  for (const oldest of entries.keys()) {
    entries.delete(oldest);
    return;
  }
}
