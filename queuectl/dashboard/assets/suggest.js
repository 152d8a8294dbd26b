// A text field with suggestions under it: arrow keys choose, Enter or Tab takes, Esc closes.

import { h } from './ui.js';

let counter = 0;

export class Suggestions {
  // find(text before the cursor) -> promise of [{value, note}]; take(suggestion) puts it into the field
  constructor(input, find, take) {
    this.input = input;
    this.find = find;
    this.take = take;
    this.found = [];
    this.at = -1;
    this.asked = 0;
    this.always = false; // whether the first is chosen before an arrow key is pressed
    counter += 1;
    this.list = h('ul', { class: 'options', role: 'listbox', id: `options-${counter}`, hidden: true,
      'aria-label': 'Suggestions' });
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list',
      'aria-expanded': 'false', 'aria-controls': this.list.id })) input.setAttribute(name, value);
    input.addEventListener('input', () => this.ask());
    input.addEventListener('focus', () => this.ask());
    input.addEventListener('blur', () => this.close());
    input.addEventListener('keydown', (event) => this.key(event));
  }

  async ask() {
    this.asked += 1;
    const mine = this.asked;
    const found = await this.find(this.input.value.slice(0, this.input.selectionStart ?? undefined)).catch(() => []);
    if (mine !== this.asked || document.activeElement !== this.input) return;
    this.found = found;
    this.list.replaceChildren(...found.map((suggestion, index) =>
      h('li', { role: 'option', id: `${this.list.id}-${index}`, 'aria-selected': 'false',
        on: { mousedown: (event) => { event.preventDefault(); this.use(suggestion); } } },
      h('span', { class: 'mono' }, suggestion.value), h('span', { class: 'muted' }, suggestion.note))));
    this.list.hidden = !found.length;
    this.input.setAttribute('aria-expanded', String(Boolean(found.length)));
    this.choose(this.always && found.length ? 0 : -1);
  }

  choose(index) {
    this.at = index;
    [...this.list.children].forEach((item, position) => item.setAttribute('aria-selected', String(position === index)));
    if (index < 0) this.input.removeAttribute('aria-activedescendant');
    else {
      this.input.setAttribute('aria-activedescendant', `${this.list.id}-${index}`);
      this.list.children[index]?.scrollIntoView({ block: 'nearest' });
    }
  }

  use(suggestion) {
    this.close();
    this.take(suggestion);
  }

  close() {
    this.asked += 1;
    this.list.hidden = true;
    this.input.setAttribute('aria-expanded', 'false');
    this.choose(-1);
  }

  key(event) {
    if (this.list.hidden) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const taken = ['Enter', 'Tab'].includes(event.key) && this.found[this.at];
    if (!step && !taken && event.key !== 'Escape') return;
    event.preventDefault();
    if (!step) event.stopPropagation();
    if (step) this.choose((this.at + step + this.found.length) % this.found.length);
    else if (taken) this.use(taken);
    else this.close();
  }
}
