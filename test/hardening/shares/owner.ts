/** tsx owner.ts PART OPTIONS: runs a part of the section as its user (OPTIONS is JSON), and prints the findings. */
import type { HardeningOptions } from '../section.ts';
import { printFindings } from '../users/script.ts';
import { USER_PARTS, type UserPart } from './user-parts.ts';

const [name, text = ''] = process.argv.slice(2);
const part = USER_PARTS[name as UserPart];
const numbers = JSON.parse(text) as Pick<HardeningOptions, 'scale' | 'seed'>;
await printFindings(async (options) => part({ ...numbers, ...options }));
