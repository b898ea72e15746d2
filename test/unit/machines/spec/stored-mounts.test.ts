import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { parseMounts } from '../../../../src/machine/share/mount-set.ts';
import { refuseCopies } from '../../../../src/machines/spec/stored-mounts.ts';

const refuse = (...volumes: string[]): void =>
  refuseCopies(parseMounts({ volumes, directory: '/home/user' }), 'web');

it.each([
  ['./site:/srv/site:copy', 'vmlet sync /home/user/site web:/srv/site'],
  ["./it's a site:/srv/my site:ro,copy", "vmlet sync '/home/user/it'\\''s a site' 'web:/srv/my site'"],
])('%s of a named machine is refused with the command that copies it', (volume, command) => {
  expect(() => refuse('./other:/other', volume)).toThrow(
    expect.objectContaining({
      constructor: InvalidInputError,
      message: 'volumes[1]: the option copy is not supported for named machines',
      hint: `start the machine without this directory, then copy the directory: ${command}`,
    }),
  );
});

it('directories that are shared are not copies', () => {
  expect(() => refuse('./site:/srv/site')).not.toThrow();
});
