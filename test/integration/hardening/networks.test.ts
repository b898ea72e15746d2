import { expect, it } from 'vitest';
import { strangers } from '../../hardening/networks/strangers.ts';
import { whyNoOtherUser } from '../../hardening/user.ts';

const nobodyElse = await whyNoOtherUser();

it('lets no other user into a private network, even if its directories are open to all', async (context) => {
  if (nobodyElse !== undefined && process.env['VMLET_TEST_OTHER_USER'] !== '1') context.skip(nobodyElse);
  const lines: string[] = [];
  const { counts, faults } = await strangers({ scale: 0.1, log: (line) => lines.push(line) });
  expect(faults, lines.join('\n')).toEqual([]);
  expect(counts.map(({ tried, held }) => tried - held)).toEqual([0, 0]);
  expect(counts[0]?.tried).toBeGreaterThan(15);
});
