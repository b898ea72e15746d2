import { type Part, type Section, runParts } from '../section.ts';
import { inHome } from './in-home.ts';
import { life } from './life.ts';
import { strangers } from './strangers.ts';
import { userKills } from './user-kills.ts';

const PARTS: Readonly<Record<string, Part>> = {
  kills: userKills,
  life: async (options) => inHome(life, options),
  strangers,
};

export const networks: Section = {
  title:
    'private networks whose programs are killed, whose members come and go, and which another user attacks',
  run: async (options) => runParts(PARTS, options),
};
