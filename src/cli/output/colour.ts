import { styleText } from 'node:util';
import { Option } from 'commander';

export type Colour = 'red' | 'green' | 'yellow';

/** Paints for a stream that takes colours: a terminal, and neither NO_COLOR nor FORCE_COLOR says otherwise. */
export function paint(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(colour, text, { stream });
}

export function isColoured(stream: NodeJS.WriteStream = process.stdout): boolean {
  return paint('red', ' ', stream) !== ' ';
}

export const COLOUR_FLAG = '--color';

export function colourOption(): Option {
  return new Option(`${COLOUR_FLAG} <when>`, 'colours: on terminals, always or never')
    .choices(['auto', 'always', 'never'])
    .default('auto');
}

/** For this process and its helpers; NO_COLOR and FORCE_COLOR are what Node's own colours heed. */
export function chooseColour(when: string): void {
  if (when === 'auto') return;
  delete process.env['NO_COLOR'];
  delete process.env['FORCE_COLOR'];
  process.env[when === 'always' ? 'FORCE_COLOR' : 'NO_COLOR'] = '1';
}
