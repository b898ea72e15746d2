import { expect, it } from 'vitest';
import { locate } from '../../../../src/machine/paths/locations.ts';
import {
  cardArguments,
  machineFiles,
  shareArguments,
} from '../../../../src/machines/record/machine-files.ts';

it('what the keeper reads is not where QEMU may write', () => {
  const files = machineFiles(locate({ XDG_RUNTIME_DIR: '/run/user/1000' }, '/home/user', 1000), 'web', 'id');
  const read = [
    files.passtArguments,
    files.swtpmArguments,
    files.guestRequest,
    files.names,
    files.commandRequest,
    files.removal,
    shareArguments(files, 'share0'),
    cardArguments(files, 0),
  ];
  for (const own of [files.sockets, files.storage, files.tpm]) {
    expect(read.filter((path) => path.startsWith(`${own}/`))).toEqual([]);
  }
});
