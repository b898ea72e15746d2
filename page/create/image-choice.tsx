import { useEffect, useRef, useState } from 'preact/hooks';
import { get } from '../api/client.ts';
import type { Image, Offered } from '../api/types.ts';
import { DownloadSize } from '../parts/download-size.tsx';
import { bytes } from '../parts/format.ts';
import { Table } from '../parts/table.tsx';

interface Choice extends Pick<Offered, 'reference' | 'description'> {
  readonly verification: string;
  /** Absent for an image that is not on this host. */
  readonly size?: string;
}

/** Not in the catalogue: every host builds its own at its first use. */
const MICRO: Choice = {
  reference: 'micro',
  description: 'a minimal Linux with busybox and the agent, built on this host',
  verification: 'built',
};
const HEADINGS = ['Name', 'Description', 'Verified', 'On this host'] as const;

interface Properties {
  /** The text that was typed already. */
  readonly typed: string;
  readonly choose: (reference: string) => void;
}

/** The images of this host and of the catalogue, with the words that were typed; all, once one is chosen. */
export function ImageChoice({ typed, choose }: Properties) {
  const images = useImages();
  const element = useRef<HTMLDetailsElement>(null);
  const chosen = images.find(({ reference }) => reference === typed);
  const wanted = chosen ? '' : typed.toLowerCase();
  const shown = images.filter((one) => `${one.reference} ${one.description}`.toLowerCase().includes(wanted));
  return (
    <div>
      <datalist id="images">
        {images.map(({ reference, description }) => (
          <option key={reference} value={reference}>
            {description}
          </option>
        ))}
      </datalist>
      {chosen && (
        <div class="row">
          <p class="faint">
            {chosen.description}; verified: {chosen.verification}
            {chosen.size && `; on this host: ${chosen.size}`}
          </p>
          {!chosen.size && chosen.reference !== MICRO.reference && (
            <DownloadSize key={chosen.reference} reference={chosen.reference} />
          )}
        </div>
      )}
      <details ref={element}>
        <summary>Choose an image ({shown.length})</summary>
        <Table label="Images to choose from" headings={HEADINGS}>
          {shown.map(({ reference, description, verification, size }) => (
            <tr key={reference}>
              <td>
                <button
                  type="button"
                  onClick={() => {
                    choose(reference);
                    element.current?.removeAttribute('open');
                    element.current?.querySelector('summary')?.focus();
                  }}
                >
                  {reference}
                </button>
              </td>
              <td>{description}</td>
              <td>{verification}</td>
              <td class="numbers">{size}</td>
            </tr>
          ))}
        </Table>
      </details>
    </div>
  );
}

function useImages(): readonly Choice[] {
  const [images, setImages] = useState<readonly Choice[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    Promise.all([
      get<{ images: readonly Image[] }>('/v1/images', stop.signal),
      get<{ images: readonly Offered[] }>('/v1/catalogue', stop.signal),
    ]).then(
      ([local, catalogue]) => setImages(choicesOf(local.images, catalogue.images)),
      // The list is only a help: a name can be typed without it.
      () => undefined,
    );
    return () => stop.abort();
  }, []);
  return images;
}

function choicesOf(local: readonly Image[], offered: readonly Offered[]): readonly Choice[] {
  const known: readonly Choice[] = [MICRO, ...offered];
  const here = local.flatMap((image) =>
    image.names.map((reference) => ({
      reference,
      description: known.find((one) => one.reference === reference)?.description ?? 'not in the catalogue',
      verification: image.verification,
      size: `${bytes(image.bytes)}${image.kind === 'disk' ? `, a disk of ${bytes(image.virtualBytes)}` : ''}`,
    })),
  );
  return [...here, ...known.filter(({ reference }) => !here.some((one) => one.reference === reference))];
}
