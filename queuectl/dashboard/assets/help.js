// The help dialog: the page's documentation, keyboard shortcuts and the filter language.

import { open } from './dialogs.js';
import { recall, remember } from './storage.js';
import { button, h, head } from './ui.js';
import { FILTERS, VERBS, keysOf, plainVerbs } from './vocabulary.js';

const KEYS = [
  ['/', 'Search'], ['Ctrl K', 'Commands and jobs'], ['j k', 'Next, previous row'], ['Enter', 'Open the row'],
  ['e', 'Last output of the row; on a job, edit it'], ['x', 'Select the row'], ['Shift x', 'Select up to the row'],
  ['a', 'Select the page'], ['[ ]', 'Previous, next page'], ['f', 'Follow the output'], ['#', 'Go to a line of it'],
  ['Esc', 'Close'],
];

const list = (pairs) => h('dl', { class: 'facts' },
  pairs.map(([name, meaning]) => [h('dt', {}, h('kbd', {}, name)), h('dd', {}, meaning)]));

// `commands` are those of the palette: {name, keys}; `docs` is the name of the page's own documentation.
export function help(commands, docs) {
  const off = recall('keys') === 'off';
  const box = h('input', { type: 'checkbox', checked: !off, on: { change: (event) =>
    remember('keys', event.target.checked ? 'on' : 'off') } });
  return open('Help', (close) => [head('Help', button('Close', () => close(null))),
    h('p', {}, 'The documentation of this page: ', h('code', {}, `docs/${docs}.md`)), h('h2', {}, 'Keyboard'),
    h('label', { class: 'check' }, box, 'Use single-key shortcuts'),
    list([...commands.map(({ keys, name }) => [keys, name]), ...KEYS,
      ...Object.entries(keysOf(plainVerbs(), (verb) => VERBS.get(verb).label))]), h('h2', {}, 'Filters'),
    list([...[...FILTERS.values()].map(({ example, help: meaning }) => [example, meaning]),
      ['!tag:test', 'all other jobs']])], { class: 'help' });
}
