import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Section, together } from '../section.ts';
import { VICTIM, whyNoOtherUser } from '../user.ts';
import { reach } from './reach.ts';
import { takenPlaces } from './taken-places.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const ROOT = { uid: 0, gid: 0 };

/** Fails if there is no other user, rather than omit attacks that need one. */
const IS_FORCED = process.env['VMLET_TEST_OTHER_USER'] === '1';

export const users: Section = {
  title: 'another user of the host, who reaches for what vmlet makes, and takes its places before',
  async run(options) {
    const log = (line: string): void => options.log(line);
    const { path: directory, remove } = makeTemporaryDirectory(undefined, 'users-');
    chmodSync(directory, 0o755);
    try {
      const reason = await whyNoOtherUser();
      if (reason !== undefined) log(`nobody else to be: ${reason}`);
      const place = (name: string): string => {
        mkdirSync(join(directory, name));
        return join(directory, name);
      };
      const all = [await takenPlaces(place('taken'), reason === undefined, options)];
      if (reason === undefined) {
        const guests = options.scale < 1 ? 'none' : 'all';
        all.push(await reach(place('of-a-user'), VICTIM, guests, log));
        if (options.scale >= 1) all.push(await reach(place('of-root'), ROOT, guests, log));
      }
      const forced = IS_FORCED && reason !== undefined ? [`there is no other user to be: ${reason}`] : [];
      return together([...all, { counts: [], faults: forced }]);
    } finally {
      remove();
    }
  },
};
