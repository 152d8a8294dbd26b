// The dialog that changes a job while it waits, with the command that would do the same. Only what differs is sent.

import { jobPath, loadFields, patch } from './api.js';
import { form } from './dialogs.js';
import { bodyOf, changesOf, editOptionsOf, formField } from './fields.js';
import { quote } from './format.js';

export async function editJob(job, app) {
  const fields = (await loadFields()).filter(({ editable }) => editable);
  const before = fields.map((field) => formField(field, job[field.name]));
  const changes = (values) => changesOf(fields, before, values);
  const command = (values) => ['queuectl edit', quote(job.reference),
    editOptionsOf(changes(values)).join(' ') || '…'].join(' ');
  return form({ title: `Edit ${job.id}`, action: 'Save', fields: before, command,
    run: async (values) => {
      const changed = changes(values);
      if (!changed.length) return null;
      const answer = await patch(jobPath(job.id), bodyOf(changed));
      app.done(`${job.id} changed, it is ${answer.job.state}`);
      return answer;
    } });
}
