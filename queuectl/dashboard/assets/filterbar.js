// The filter bar of the job list: the filter language with suggestions for the word at the cursor.

import { get } from './api.js';
import { Suggestions } from './suggest.js';
import { h, text } from './ui.js';

// The word that ends at the cursor, as {start, field, prefix}; `field` is undefined before a colon.
function wordAt(before) {
  const start = before.length - /\S*$/.exec(before)[0].length;
  const word = before.slice(start);
  const [, field, value] = /^!?(?:([a-z]+):)?(.*)$/.exec(word);
  const comma = value.lastIndexOf(',') + 1;
  return { start: start + word.length - value.length + comma, field, prefix: value.slice(comma) };
}

async function find(before) {
  const { field, prefix } = wordAt(before);
  if (!field && !prefix && before.trim()) return [];
  const { items } = await get('/suggest', { field: field || 'filter', prefix });
  return items.filter(({ value }) => value !== prefix).map(({ value, count }) =>
    ({ value, note: count ? String(count) : '' }));
}

export class FilterBar {
  // submit(text) applies the filter
  constructor(submit) {
    this.input = h('input', { type: 'search', 'aria-label': 'Filter jobs',
      placeholder: 'state:dead tag:nightly created:<2h …',
      autocomplete: 'off', spellcheck: 'false', 'aria-describedby': 'filter-problem' });
    this.suggestions = new Suggestions(this.input, find, ({ value }) => this.take(value));
    this.problem = h('p', { id: 'filter-problem', class: 'error', role: 'alert', hidden: true });
    const go = (event) => { event.preventDefault(); this.suggestions.close(); submit(this.input.value.trim()); };
    this.element = h('form', { class: 'row', role: 'search', 'aria-label': 'Filter', on: { submit: go } },
      h('div', { class: 'filter' }, this.input, this.suggestions.list), h('button', {}, 'Filter'));
  }

  take(value) {
    const cursor = this.input.selectionStart;
    const { start, field } = wordAt(this.input.value.slice(0, cursor));
    const asked = !field && !value.endsWith(':') ? `${value}:` : value;
    const added = field ? `${/\s/.test(asked) ? `"${asked}"` : asked} ` : asked;
    this.input.setRangeText(added, start, cursor, 'end');
    this.suggestions.ask();
  }

  set(value) {
    if (document.activeElement !== this.input || this.input.value.trim() !== value) this.input.value = value;
  }

  // Show why the filter was refused; null if it is valid.
  refuse(error) {
    this.problem.hidden = !error;
    this.input.setAttribute('aria-invalid', String(Boolean(error)));
    if (!error) return;
    text(this.problem, error.hint ? `${error.message}: ${error.hint}` : error.message);
  }
}
