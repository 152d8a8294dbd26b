// The help dialog: keyboard shortcuts and the filter language.

import { get } from './api.js';
import { open } from './dialogs.js';
import { recall, remember } from './storage.js';
import { button, h } from './ui.js';

const KEYS = [
  ['/', 'search'], ['?', 'this help'], ['Ctrl K', 'commands and jobs'], ['g o', 'overview'], ['g j', 'jobs'],
  ['g d', 'dead letter'], ['g w', 'workers'], ['g q', 'queues'], ['g s', 'schedule'], ['g m', 'metrics'],
  ['g e', 'events'], ['g c', 'configuration'], ['j k', 'next, previous row'], ['Enter', 'open the row'],
  ['e', 'last output of the row; on a job, edit it'],
  ['x', 'select the row'], ['Shift x', 'select up to the row'], ['a', 'select the page'],
    ['[ ]', 'previous, next page'],
  ['r', 'retry'], ['c', 'cancel'], ['d', 'remove'], ['n', 'add a job'], ['p', 'pause live updates'],
    ['t', 'next theme'],
  ['f', 'follow the output'], ['Esc', 'close'],
];

const list = (pairs) => h('dl', { class: 'facts' },
  pairs.map(([name, meaning]) => [h('dt', {}, h('kbd', {}, name)), h('dd', {}, meaning)]));

export async function help() {
  const { filters } = await get('/meta');
  const examples = filters.map(({ example, help: meaning }) => [example, meaning]);
  const off = recall('keys') === 'off';
  const box = h('input', { type: 'checkbox', checked: !off, on: { change: (event) =>
    remember('keys', event.target.checked ? 'on' : 'off') } });
  return open('Help', (close) => [h('div', { class: 'head' }, h('h1', { class: 'grow' }, 'Help'),
    button('Close', () => close(null))), h('h2', {}, 'Keyboard'),
      h('label', { class: 'check' }, box, 'Single keys do this'),
  list(KEYS), h('h2', {}, 'Filters'), list([...examples, ['!tag:test', 'all other jobs']])], { class: 'help' });
}
