import { ANACONDA_APPEND, type InstallLayout } from './install-layouts.ts';

const OUR_IMAGES = 'images-x86_64';

/** The contents of a .treeinfo: an INI file on media of the Fedora family and of SUSE (productmd's format). */
export interface TreeInfo {
  /** Undefined for a tree without a kernel for x86_64. */
  readonly layout: InstallLayout | undefined;
  /** The architectures that it has kernels for. */
  readonly architectures: readonly string[];
}

export function parseTreeInfo(text: string): TreeInfo {
  const sections = parseIni(text);
  const value = (section: string, key: string): string | undefined => sections.get(section)?.get(key);
  const [kernel, initrd] = [value(OUR_IMAGES, 'kernel'), value(OUR_IMAGES, 'initrd')];
  const architectures = [...sections.keys()]
    .filter((name) => name.startsWith('images-'))
    .map((name) => name.slice('images-'.length));
  if (!kernel || !initrd) return { layout: undefined, architectures };
  const words = [value('general', 'family'), value('general', 'version')];
  return {
    layout: {
      distribution: printable(words.filter((word) => word).join(' ')) || 'Fedora family',
      kernel: `/${kernel}`,
      initrd: `/${initrd}`,
      append: value('stage2', 'mainimage') === undefined ? [] : ANACONDA_APPEND,
    },
    architectures,
  };
}

function parseIni(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? new Map<string, string>();
      sections.set(header, section);
      continue;
    }
    const [, key, value] = /^([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) section.set(key, value);
  }
  return sections;
}

/** Removes control characters, because the text is shown on a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '').slice(0, 80);
}
