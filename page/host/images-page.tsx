import type { BrokenImage, Image, Offered } from '../api/types.ts';
import { AddForm } from '../parts/forms/add-form.tsx';
import { useAsked } from '../state/asked.ts';
import { Command } from '../parts/command.tsx';
import { bytes, moment, shellCommand } from '../parts/format.ts';
import { Problem } from '../parts/problem.tsx';
import { nameOf } from '../parts/pruned.ts';
import { type Asking, Question } from '../parts/question.tsx';
import { Table } from '../parts/table.tsx';
import { useCurrent, useLoaded } from '../state/loaded.ts';
import { PruneDialog } from './prune.tsx';
import { Templates } from './templates.tsx';

interface Answer {
  readonly images: readonly Image[];
  readonly broken: readonly BrokenImage[];
}

/** The images of this host and their users, and the templates. */
export function ImagesPage() {
  const { data, problem } = useCurrent<Answer>('/v1/images');
  const [asked, ask] = useAsked<Image | 'prune'>();
  return (
    <>
      <div class="bar">
        <h1>Images</h1>
        <button type="button" onClick={() => ask('prune')}>
          Prune …
        </button>
      </div>
      <Pull />
      {problem && <Problem problem={problem} />}
      {data?.images.length === 0 && <p class="faint">No images.</p>}
      {data && data.images.length > 0 && <List images={data.images} ask={ask} />}
      {data?.broken.map(({ path, reason }) => (
        <p class="problem" key={path}>
          {path}: {reason}
        </p>
      ))}
      <Command text="vmlet image ls" />
      <Templates />
      {asked &&
        (asked.about === 'prune' ? (
          <PruneDialog key={asked.key} of="image" close={asked.close} />
        ) : (
          <Question key={asked.key} asking={removalOf(asked.about)} close={asked.close} />
        ))}
    </>
  );
}

/** Pulls an image of the catalogue; its progress is in the notice. */
function Pull() {
  const { data } = useLoaded<{ images: readonly Offered[] }>('/v1/catalogue');
  return (
    <AddForm
      label="Image to pull"
      placeholder="debian:13"
      verb="Pull"
      title={(reference) => `Pull ${reference}:`}
      words={(reference) => ['pull', reference]}
      path="/v1/images/pull"
      body={(reference) => ({ reference })}
    >
      {data?.images.map((one) => (
        <option key={one.reference} value={one.reference}>
          {one.description}
        </option>
      ))}
    </AddForm>
  );
}

const HEADINGS = ['Name', 'Digest', 'Verified', 'Size', 'Disk', 'Created', 'Used by'] as const;

interface ListProperties {
  readonly images: readonly Image[];
  readonly ask: (image: Image) => void;
}

function List({ images, ask }: ListProperties) {
  return (
    <Table label="Images" headings={HEADINGS} actions>
      {images.map((image) => (
        <tr key={image.digest}>
          <td>{image.names.join(', ') || <span class="faint">no name</span>}</td>
          <td>
            <code title={image.digest}>{image.digest.slice(0, 12)}</code>
          </td>
          <td>{image.verification}</td>
          <td class="numbers">{bytes(image.bytes)}</td>
          <td class="numbers">{image.kind === 'disk' && bytes(image.virtualBytes)}</td>
          <td class="numbers">{moment(image.createdAt)}</td>
          <td>{image.usedBy.join(', ')}</td>
          <td>
            <button
              type="button"
              class="danger"
              aria-label={`Remove ${nameOf(image)}`}
              onClick={() => ask(image)}
            >
              Remove
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function removalOf(image: Image): Asking {
  const { digest, usedBy } = image;
  const name = nameOf(image);
  // By its digest: the name may be another image's by then. It goes with all its names.
  const reference = digest.slice(0, 12);
  return {
    title: `Remove ${name}`,
    verb: 'Remove',
    ready: usedBy.length === 0,
    text:
      usedBy.length === 0
        ? `The image is permanently deleted (${bytes(image.bytes)}).`
        : `The image cannot be removed while it is in use by ${usedBy.join(', ')}.`,
    command: shellCommand('vmlet', 'image', 'rm', reference),
    path: '/v1/images/remove',
    body: { reference },
  };
}
