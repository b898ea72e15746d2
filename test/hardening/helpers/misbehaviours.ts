/** The misbehaviours of a program; `stand-in.c` implements them. */
export const MISBEHAVIOURS = [
  'hangs',
  'ignores-signals',
  'closes-output',
  'dies-at-once',
  'dies-later',
  'fails-when-done',
  'says-nothing',
  'no-newline',
  'no-json',
  'no-utf8',
  'empty-object',
  'list',
  'null',
  'other-types',
  'floods',
  'leaves-orphan',
  'slow',
] as const;

export type MisbehaviourName = (typeof MISBEHAVIOURS)[number];

/** The name of a program in errors, by the beginning of its command line. */
const CALLED: readonly (readonly [RegExp, RegExp])[] = [
  [/^qemu-system/, /QEMU|qemu-system/],
  [/^qemu-img/, /qemu-img/],
  [/^passt/, /passt/],
  [/^swtpm/, /swtpm|TPM/],
  [/^vmlet-keeper/, /keeper/],
  [/^vmlet-confine/, /vmlet-confine/],
  [/^ssh/, /ssh/],
  // Its output is the disk: the error names the image.
  [/^gzip/, /gzip|guest\.img\.gz/],
];

export function namesTheProgram(commandLine: string, words: string): boolean {
  const [program = ''] = commandLine.split(' ');
  const [, pattern] = CALLED.find(([line]) => line.test(commandLine)) ?? [undefined, new RegExp(program)];
  return pattern.test(words);
}

/** The part of a command line that distinguishes the calls of a program. */
export function prefixOf(commandLine: string): string {
  const words = commandLine.split(' ');
  const [program = '', first = '', second = ''] = words;
  if (program.startsWith('qemu-system')) return [program, first, second].join(' ');
  return first.startsWith('/') ? program : [program, first].join(' ');
}
