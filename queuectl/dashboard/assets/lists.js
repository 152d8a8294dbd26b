// Lists: tables in cards, cards for empty lists, and drawings as tables.

import { $, card, cells, h, rows, table, titles } from './ui.js';

// Nothing moves under the pointer or the focus: rows keep their order, and new ones are added below.
function inPlace(body, items, key) {
  if (!body.matches(':hover') && !body.contains(document.activeElement)) return items;
  const places = new Map([...body.children].map((row, index) => [row.standsFor, index]));
  const place = (item) => places.get(String(key(item))) ?? places.size;
  return [...items].sort((one, other) => place(one) - place(other));
}

/**
 * A table in a card: `show(items)` makes the rows, which show `contents(item)`. While there are none, the card is
 * hidden if it `mayHide`, and `empty` is shown.
 *
 * @template T
 * @param {string} title
 * @param {string[][]} columns
 * @param {(item: NoInfer<T>) => any} key
 * @param {(item: T) => any[]} contents
 * @param {{caption?: string, mayHide?: boolean, empty?: HTMLElement, signature?: (item: NoInfer<T>) => any}} [options]
 */
export function listCard(title, columns, key, contents, { caption = title, mayHide = true, empty, signature } = {}) {
  const list = table(caption, columns);
  const element = card(title, {}, list);
  const body = $('tbody', list);
  /** @type {T[]} */
  let last = [];
  /** @param {T[]} items */
  const show = (items) => {
    last = items;
    rows(body, inPlace(body, items, key), key, (item) => cells(columns, contents(item)), signature);
    element.hidden = mayHide && !items.length;
    if (empty) empty.hidden = items.length > 0;
  };
  body.addEventListener('mouseleave', () => show(last));
  return { element, show };
}

// A drawing as a table, which `draw()` makes while it is open: `build()` answers its columns and rows.
export function asTable(caption, build) {
  const place = h('div', { class: 'scroll' });
  const element = h('details', { on: { toggle: draw } }, h('summary', { class: 'hint' }, 'View as table'), place);
  function draw() {
    if (!element.open) return;
    const [columns, lines] = build();
    place.replaceChildren(h('table', {}, h('caption', { class: 'sr' }, caption),
      h('thead', {}, h('tr', {}, titles(columns))), h('tbody', {}, lines)));
  }
  return { element, draw };
}

// A page shows this in place of an empty table.
export function emptyCard(title, words, ...more) {
  return h('section', { class: 'card empty', hidden: true }, h('h2', {}, title), h('p', {}, words), ...more);
}
