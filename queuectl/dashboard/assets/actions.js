// The actions on jobs: on one job, or on many after a preview.

import { jobPath, post, remove } from './api.js';
import { number, plural } from './format.js';
import { button, busy, confirm, fail, h, jobUrl, readOnly, toast } from './ui.js';
import { VERBS, plainVerbs } from './vocabulary.js';

const TYPED_FROM = 1000;

// Do it to one job, after a question if the verb asks one. Resolves with the answer, or null.
export async function act(verb, job, app, command = `queuectl ${verb} ${job.reference}`) {
  if (verb === 'edit') return (await import('./jobforms.js')).editJob(job, app);
  if (verb === 'duplicate') return (await import('./jobforms.js')).duplicateJob(job, app, command);
  const { question, label, done, destroys, deletes, flags } = VERBS.get(verb);
  const run = async (chosen) => {
    const answer = deletes ? await remove(`${jobPath(job.id)}?${new URLSearchParams(chosen)}`)
      : await post(`${jobPath(job.id)}/${verb}`, chosen);
    const other = answer?.job && answer.job.id !== job.id;
    const state = answer?.job ? `${answer.job.id} is ${answer.job.state}` : `${job.id} ${done}`;
    app.done(state, { action: other ? h('a', { href: jobUrl(answer.job.id) }, 'Show') : null });
    return answer || true;
  };
  if (question || flags.length) {
    return confirm({ title: (question || `${label} {id}?`).replace('{id}', () => job.id),
      sample: [job.command.slice(0, 200)], command, action: `${label} job`, danger: destroys, flags, run });
  }
  return run().catch(fail);
}

export function actionButton(verb, job, app, { small = true, command = `queuectl ${verb} ${job.reference}` } = {}) {
  const { label } = VERBS.get(verb);
  return button(label, (event) => busy(event.target, () => act(verb, job, app, command)),
    { class: small ? 'small' : null, 'data-verb': verb, 'aria-label': small ? `${label} ${job.id}` : null,
      title: command });
}

export const added = (app, { id }) => app.done(`Job added: ${id}`, { action: h('a', { href: jobUrl(id) }, 'Show') });

// The buttons of a row.
export function rowActions(job, app, verbs = plainVerbs(({ in_rows: near }) => near)) {
  if (readOnly) return [];
  return verbs.filter((verb) => job.allowed_actions.includes(verb)).map((verb) => actionButton(verb, job, app));
}

// Do it to many: `what` is {ids} or {filter}. The server says which jobs these are, and skips those that change before
// the yes. `path` is another preview that takes `what`, `note` says more about it.
export async function actOnMany(verb, what, app, { path = '/jobs/actions/preview', note = '' } = {}) {
  const { label, done, destroys, states, flags } = VERBS.get(verb);
  const preview = await post(path, { action: verb, ...what }).catch(fail);
  if (!preview) return null;
  const left = Object.entries(preview.left_out).map(([state, count]) => `${number(count)} ${state}`).join(', ');
  // The verb fits these, but means them only if the filter names them.
  const unnamed = Object.keys(preview.left_out).filter((state) => states.includes(state));
  const hint = unnamed.length ? `; to take them, filter by state:${unnamed}` : '';
  if (!preview.count) {
    const reason = hint ? 'All that match are left out' : `None of them can be ${done}`;
    toast(left ? `${reason}: ${left}${hint}` : 'No job matches', { bad: true });
    return null;
  }
  const rest = preview.count - preview.sample.length;
  return confirm({
    title: `${label} ${plural(preview.count, 'job')}?`,
    body: [note, left && `Left as they are: ${left}${hint}.`,
      preview.more && 'More jobs match: repeat the action for the rest.',
      !preview.command && 'No single command does exactly this.'].filter(Boolean).join(' '),
    sample: [...preview.sample.map((job) => `${job.id}  ${job.command.slice(0, 100)}`),
      ...(rest ? [`and ${number(rest)} more`] : [])],
    word: preview.count > TYPED_FROM ? String(preview.count) : null,
    command: preview.command, action: `${label} ${plural(preview.count, 'job')}`, danger: destroys, flags,
    run: async (chosen) => {
      const result = await post('/jobs/actions/commit',
        { selection: preview.selection, confirm_count: preview.count, ...chosen });
      const left = preview.count - result.count;
      const changed = left ? `, ${number(left)} had started or ended by then` : '';
      app.done(`${plural(result.count, 'job')} ${done}${changed}`);
      return result;
    },
  });
}
