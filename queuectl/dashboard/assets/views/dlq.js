// The dead letter queue: dead jobs grouped by how they failed. A group is retried or removed as a whole.

import { get } from '../api.js';
import { actOnMany } from '../actions.js';
import { plural } from '../format.js';
import { $, actionsCell, button, card, cell, emptyCard, equivalent, h, head, jobLink, jobsUrl, numberCell, patch,
  readOnly, rows, table, when } from '../ui.js';
import { VERBS, plainVerbs } from '../vocabulary.js';

export function mount(root, { app, signal }) {
  const groups = table('Dead jobs by failure',
    [['Failure'], ['Jobs', 'num'], ['First', 'num'], ['Last', 'num'], ['Examples'],
    ['Actions', 'sr']]);
  const commands = table('Dead jobs by command', [['Command'], ['Jobs', 'num'], ['Last', 'num'], ['Example']]);
  const all = h('span', { class: 'row' });
  const verbs = plainVerbs(({ means }) => means.includes('dead'));
  const empty = emptyCard('No dead jobs',
    'A job is dead when its last attempt has failed. It stays here until it is retried or removed.');
  const full = h('div', {}, card('By failure', {}, groups), card('By command', {}, commands),
    equivalent('queuectl dlq stats'));
  root.append(head('Dead letter queue', h('span', { class: 'grow' }), all), empty, full);

  const nameOf = (group) => group.value || (group.signal ? `signal ${group.signal}` : `exit code ${group.exit_code}`);

  function onGroup(verb, group) {
    const { exit_code: code, signal: number_, value: error } = group;
    return actOnMany(verb, { exit_code: code, signal: number_, error }, app,
      { path: '/dlq/groups/preview', note: `Dead jobs that failed with: ${nameOf(group)}.` });
  }

  /** @param {Api.GroupOfDeadJobs} group */
  function groupRow(group) {
    return [h('th', { scope: 'row', class: 'error' }, nameOf(group)), numberCell('Jobs', group.count),
      cell('First', when(group.first_at), 'num'), cell('Last', when(group.last_at), 'num'),
      cell('Examples', group.sample_ids.slice(0, 3).flatMap((id) => [jobLink(id), ' '])),
      actionsCell(verbs.map((verb) => button(`${VERBS.get(verb).label} group`, () => onGroup(verb, group),
        { class: 'small', 'data-group': verb, 'aria-label': `${verb} the jobs that failed with ${nameOf(group)}` })))];
  }

  async function refresh() {
    const data = await get('/dlq/groups', null, signal);
    empty.hidden = data.dead > 0;
    full.hidden = !data.dead;
    patch(all, data.dead, () => (data.dead ? [
      h('a', { class: 'button', href: jobsUrl('state:dead') }, `List ${plural(data.dead, 'dead job')}`),
      readOnly ? null : verbs.map((verb) => button(`${VERBS.get(verb).label} all`,
        () => actOnMany(verb, { filter: 'state:dead' }, app))),
    ] : null));
    rows($('tbody', groups), data.by_error, (group) => `${group.exit_code}/${group.signal}/${group.value}`, groupRow);
    rows($('tbody', commands), data.by_command, ({ value }) => value, (line) => [
      h('th', { scope: 'row', class: 'clip' }, h('code', { title: line.value }, line.value)),
        numberCell('Jobs', line.count),
      cell('Last', when(line.last_at), 'num'), cell('Example', jobLink(line.sample_ids[0]))]);
  }
  return { refresh };
}
