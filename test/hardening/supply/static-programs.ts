import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { type Findings, together } from '../section.ts';
import { counted } from './counted.ts';

const PROGRAMS = [
  { sources: 'native/confine', built: 'dist/confine-program/vmlet-confine' },
  { sources: 'native/keeper', built: 'dist/keeper/vmlet-keeper' },
  { sources: 'native/agent', built: 'dist/guest-agent/vmlet-agent' },
  { sources: 'native/switch', built: 'dist/network-switch/vmlet-switch' },
  { sources: 'native/plug', built: 'dist/network-switch/vmlet-plug' },
  { sources: 'native/relay', built: 'dist/relay/vmlet-relay' },
];
/** Patterns in readelf’s output for a program. */
const PROPERTIES = [
  {
    name: 'position-independent',
    holds: (text: string) => /Type:\s+DYN/.test(text) && /FLAGS_1.*\bPIE\b/.test(text),
  },
  { name: 'static', holds: (text: string) => !text.includes('INTERP') && !text.includes('(NEEDED)') },
  {
    name: 'with relocations read-only from the start',
    holds: (text: string) => text.includes('GNU_RELRO') && /FLAGS.*\bNOW\b/.test(text),
  },
  { name: 'without an executable stack', holds: (text: string) => /GNU_STACK\s.*\sRW\s/.test(text) },
  { name: 'without memory that is writable and executable', holds: (text: string) => !/\sRWE\s/.test(text) },
];

/** The C programs, compiled by the maintainer. */
export async function staticPrograms(root: string, directory: string, scale: number): Promise<Findings> {
  const properties = await Promise.all(
    PROGRAMS.map(async ({ built }) => {
      const { stdout } = await execa('readelf', [
        '--wide',
        '--file-header',
        '--program-headers',
        '--dynamic',
        join(root, built),
      ]);
      return PROPERTIES.map(({ name, holds }) => ({ name, built, held: holds(stdout) }));
    }),
  );
  const again = [];
  for (const program of PROGRAMS.slice(0, Math.ceil(PROGRAMS.length * scale))) {
    again.push({ ...program, same: await builtAgainTheSame(root, directory, program) });
  }
  return together([
    counted('protections of the C programs (5 of each)', properties.flat(), ({ name, built, held }) =>
      held ? undefined : `${built} is not ${name}`,
    ),
    counted('C programs compiled again in another folder: the same bytes', again, ({ same, built }) =>
      same ? undefined : `${built} is compiled to other bytes the second time`,
    ),
  ]);
}

async function builtAgainTheSame(
  root: string,
  directory: string,
  { sources, built }: { readonly sources: string; readonly built: string },
): Promise<boolean> {
  const elsewhere = join(directory, 'elsewhere');
  for (const path of ['native/static-program.mk', 'native/shared', sources]) {
    cpSync(join(root, path), join(elsewhere, path), { recursive: true });
  }
  const out = join(directory, 'compiled', built);
  await execa('make', ['--no-print-directory', '-C', join(elsewhere, sources), `OUT=${out}`]);
  return readFileSync(out).equals(readFileSync(join(root, built)));
}
