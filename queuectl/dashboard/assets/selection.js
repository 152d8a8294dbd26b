// Which rows of a table are selected, by key. A range goes by position, never by the text of the keys.

import { $$ } from './ui.js';

export class Selection {
  // keys() -> the keys in the order of the rows; changed() is called after each change
  constructor(body, keys, changed) {
    this.body = body;
    this.keys = keys;
    this.changed = changed;
    this.chosen = new Set();
    this.last = null;
  }

  get size() { return this.chosen.size; }
  has(key) { return this.chosen.has(key); }
  list() { return [...this.chosen]; }

  toggle(key, range) {
    const on = range || !this.chosen.has(key);
    const keys = this.keys();
    const ends = [keys.indexOf(key), range && this.last !== null ? keys.indexOf(this.last) : keys.indexOf(key)];
    const [from, to] = ends.sort((a, b) => a - b);
    for (const one of keys.slice(Math.max(0, from), to + 1)) this.chosen[on ? 'add' : 'delete'](one);
    this.last = key;
    this.draw();
  }

  // All rows, or none if all are selected.
  all() {
    const keys = this.keys();
    this.chosen = new Set(keys.every((key) => this.chosen.has(key)) ? [] : keys);
    this.draw();
  }

  clear() {
    this.chosen.clear();
    this.last = null;
    this.draw();
  }

  // Forget rows that are no longer shown.
  keep(keys) {
    this.chosen = new Set([...this.chosen].filter((key) => keys.has(key)));
    this.draw();
  }

  draw() {
    for (const row of $$('tr[data-key]', this.body)) {
      const on = this.chosen.has(row.dataset.key);
      row.classList.toggle('selected', on);
      const box = row.querySelector('input[type=checkbox]');
      if (box) box.checked = on;
    }
    this.changed();
  }
}
