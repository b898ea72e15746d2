import { styleText } from 'node:util';
import { Option } from 'commander';

export type Colour = 'red' | 'green' | 'yellow';

/** Colours text if the stream is a terminal, unless NO_COLOR or FORCE_COLOR is set. */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(colour, text, { stream });
}

export function isColoured(stream: NodeJS.WriteStream = process.stdout): boolean {
  return paint('red', ' ', stream) !== ' ';
}

export const COLOUR_FLAG = '--color';

export function colourOption(): Option {
  return new Option(`${COLOUR_FLAG} <when>`, 'when to use colours; auto means only on a terminal')
    .choices(['auto', 'always', 'never'])
    .default('auto');
}

/** Sets NO_COLOR or FORCE_COLOR, which Node's own colours and child processes follow. */
export function chooseColour(when: string): void {
  if (when === 'auto') return;
  delete process.env['NO_COLOR'];
  delete process.env['FORCE_COLOR'];
  process.env[when === 'always' ? 'FORCE_COLOR' : 'NO_COLOR'] = '1';
}
