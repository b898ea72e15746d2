import type { Template } from '../api/types.ts';
import { useAsked } from '../state/asked.ts';
import { Command } from '../parts/command.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { useCurrent } from '../state/loaded.ts';

const HEADINGS = ['Name', 'Image', 'Memory', 'Size', 'Created', 'State', 'Used by'] as const;

/** Booted guests that are kept with their memory. */
export function Templates() {
  const { data, problem } = useCurrent<{ templates: readonly Template[] }>('/v1/templates');
  const [asked, ask] = useAsked<Template>();
  return (
    <section class="block">
      <h2>Templates</h2>
      {problem && <Problem problem={problem} />}
      {data?.templates.length === 0 && <p class="faint">No templates.</p>}
      {data && data.templates.length > 0 && (
        <Table label="Templates" headings={HEADINGS} actions>
          {data.templates.map((template) => (
            <Row key={template.name} template={template} ask={ask} />
          ))}
        </Table>
      )}
      <Command text="vmlet template ls" />
      {asked && <Question key={asked.key} asking={removalOf(asked.about)} close={asked.close} />}
    </section>
  );
}

interface RowProperties {
  readonly template: Template;
  readonly ask: (template: Template) => void;
}

function Row({ template, ask }: RowProperties) {
  const { name, image, memoryBytes, hostBytes, createdAt, problems, usedBy } = template;
  const state = image === undefined ? 'damaged' : 'stale';
  return (
    <tr>
      <td>{name}</td>
      <td>{image}</td>
      <td class="numbers">{memoryBytes !== undefined && bytes(memoryBytes)}</td>
      <td class="numbers">{bytes(hostBytes)}</td>
      <td class="numbers">{createdAt !== undefined && moment(createdAt)}</td>
      <td>
        {problems.length === 0 ? 'ready' : state}
        {problems.map((problem) => (
          <p class="problem" key={problem}>
            {problem}
          </p>
        ))}
      </td>
      <td>{usedBy.join(', ')}</td>
      <td>
        <button
          type="button"
          class="danger"
          aria-label={`Remove template ${name}`}
          onClick={() => ask(template)}
        >
          Remove
        </button>
      </td>
    </tr>
  );
}

function removalOf({ name, hostBytes, usedBy }: Template): Asking {
  return {
    title: `Remove template ${name}`,
    verb: 'Remove',
    ready: usedBy.length === 0,
    text:
      usedBy.length === 0
        ? `The template is permanently deleted (${bytes(hostBytes)}). Running guests that were started from this template are not affected.`
        : `The template cannot be removed while it is in use by ${usedBy.join(', ')}.`,
    command: shellCommand('vmlet', 'template', 'rm', name),
    path: '/v1/templates/remove',
    body: { name },
  };
}
