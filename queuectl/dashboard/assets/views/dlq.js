// The dead letter queue: dead jobs in groups, by their failure. A group is retried or removed as a whole.

import { get } from '../api.js';
import { actOnMany } from '../actions.js';
import { number, plural } from '../format.js';
import { emptyCard, listCard } from '../lists.js';
import { actions, button, code, equivalent, h, head, heading, jobLink, jobsUrl, patch, readOnly, when } from '../ui.js';
import { VERBS, plainVerbs } from '../vocabulary.js';

export function mount(root, { app, signal }) {
  const groups = listCard('By failure',
    [['Failure'], ['Jobs', 'num'], ['First', 'num'], ['Last', 'num'], ['Examples'], ['Actions', 'sr']],
    (group) => `${group.exit_code}/${group.signal}/${group.value}`, groupRow, { caption: 'Dead jobs by failure' });
  const commands = listCard('By command',
    [['Command'], ['Jobs', 'num'], ['Last', 'num'], ['Example'], ['Actions', 'sr']],
    ({ value }) => value, commandRow, { caption: 'Dead jobs by command' });
  const complaints = listCard('By standard error', [['Last line'], ['Jobs', 'num'], ['Last', 'num'], ['Example']],
    ({ value }) => value, (line) => valueRow(line), { caption: 'Dead jobs by standard error' });
  const all = h('span', { class: 'row' });
  const verbs = plainVerbs(({ means }) => means.includes('dead'));
  const empty = emptyCard('No dead jobs',
    'A job is dead when its last attempt has failed. It stays here until it is retried or removed.');
  const full = h('div', {}, groups.element, complaints.element, commands.element, equivalent('queuectl dlq stats'));
  root.append(head('Dead letter queue', all), empty, full);

  const nameOf = (group) => group.value || (group.signal ? `signal ${group.signal}` : `exit code ${group.exit_code}`);

  const inQuotes = (text) => `"${text.replaceAll('"', '""')}"`;
  const buttons = (name, kind, what, note) => actions(verbs.map((verb) => button(`${VERBS.get(verb).label} group`,
    () => actOnMany(verb, what, app, { path: `/dlq/${kind}s/preview`, note }),
    { class: 'small', [`data-${kind}`]: verb, 'aria-label': `${VERBS.get(verb).label} group: ${name}` })));

  // The filter that finds its jobs, as exact as a filter can be.
  const filterOf = ({ exit_code: code, signal: sent, value: error }) => ['state:dead', code !== null && `exit:${code}`,
    sent !== null && `signal:${sent}`, error && `error:${inQuotes(error)}`].filter(Boolean).join(' ');

  // The same for commands: it finds the texts between the numbers, in any command.
  const filterOfCommands = ({ value }) => ['state:dead', ...value.split('N').filter((part) => part.trim())
    .map((part) => `text:${inQuotes(part)}`)].join(' ');

  // The link to the jobs: by id in a small group, by filter in a large one by command, else only a number.
  function jobsOf({ count, ids }, filter = '') {
    const exact = ids.length ? `id:${ids.map(inQuotes).join(',')}` : filter;
    return exact ? h('a', { href: jobsUrl(exact) }, number(count)) : number(count);
  }

  /** @param {Api.GroupOfDeadJobs} group */
  function groupRow(group) {
    return [heading(nameOf(group), 'error'), h('a', { href: jobsUrl(filterOf(group)) }, number(group.count)),
      when(group.first_at), when(group.last_at),
      group.sample_ids.slice(0, 3).flatMap((id) => [jobLink(id), ' ']),
      buttons(nameOf(group), 'group', { exit_code: group.exit_code, signal: group.signal, error: group.value },
        `Dead jobs that failed with: ${nameOf(group)}.`)];
  }

  // The row of a command or of a line of standard error.
  /** @param {Api.GroupOfDeadJobs} group */
  const valueRow = (group, filter = '') => [heading(code(group.value), 'clip'), jobsOf(group, filter),
    when(group.last_at), jobLink(group.sample_ids[0])];

  // An N stands for a number that differs, but may be a letter too: one of its jobs identifies the group.
  /** @param {Api.GroupOfDeadJobs} group */
  function commandRow(group) {
    return [...valueRow(group, filterOfCommands(group)), buttons(group.value, 'command',
      { like: group.sample_ids[0] }, `Dead jobs with the command: ${group.value}`)];
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
    groups.show(data.by_error);
    complaints.show(data.by_stderr);
    commands.show(data.by_command);
  }
  return { refresh };
}
