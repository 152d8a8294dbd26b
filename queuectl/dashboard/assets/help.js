// The help dialog: keyboard shortcuts and the filter language.

import { open } from './dialogs.js';
import { recall, remember } from './storage.js';
import { button, h } from './ui.js';
import { FILTERS, keysOf, plainVerbs } from './vocabulary.js';

const KEYS = [
  ['/', 'search'], ['?', 'this help'], ['Ctrl K', 'commands and jobs'], ['g o', 'overview'], ['g j', 'jobs'],
  ['g d', 'dead letter'], ['g w', 'workers'], ['g q', 'queues'], ['g s', 'schedule'], ['g m', 'metrics'],
  ['g e', 'events'], ['g c', 'configuration'], ['j k', 'next, previous row'], ['Enter', 'open the row'],
  ['e', 'last output of the row; on a job, edit it'],
  ['x', 'select the row'], ['Shift x', 'select up to the row'], ['a', 'select the page'],
    ['[ ]', 'previous, next page'],
  ['n', 'add a job'], ['p', 'pause live updates'],
    ['t', 'next theme'],
  ['f', 'follow the output'], ['Esc', 'close'],
];

const list = (pairs) => h('dl', { class: 'facts' },
  pairs.map(([name, meaning]) => [h('dt', {}, h('kbd', {}, name)), h('dd', {}, meaning)]));

export function help() {
  const off = recall('keys') === 'off';
  const box = h('input', { type: 'checkbox', checked: !off, on: { change: (event) =>
    remember('keys', event.target.checked ? 'on' : 'off') } });
  return open('Help', (close) => [h('div', { class: 'head' }, h('h1', { class: 'grow' }, 'Help'),
    button('Close', () => close(null))), h('h2', {}, 'Keyboard'),
      h('label', { class: 'check' }, box, 'Single keys do this'),
  list([...KEYS, ...Object.entries(keysOf(plainVerbs(), (verb) => verb))]), h('h2', {}, 'Filters'),
  list([...FILTERS.map(({ example, help: meaning }) => [example, meaning]),
    ['!tag:test', 'all other jobs']])], { class: 'help' });
}
