import { describe, expect, it } from 'vitest';
import {
  type ProcessLimits,
  lowLimitsOf,
  processLimitsOf,
} from '../../../../src/host/findings/process-limits.ts';

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max file size             unlimited            8192                 bytes     
Max core file size        0                    0                    bytes     
Max processes             63847                40                   processes 
Max open files            64                   64                   files     
`;
const status = (uid: number, capabilities: string) => `Uid:\t1\t${uid}\t1\t1\nCapEff:\t${capabilities}\n`;

describe('the limits of a process', () => {
  it('are the hard limits', () => {
    expect(
      processLimitsOf({ limits: LIMITS, status: status(1000, '0000000000000000'), corePattern: 'core\n' }),
    ).toEqual({
      openFiles: 64,
      processes: 40,
      longestFile: 8192,
      longestCore: 0,
      mayRaise: false,
      handsDumpsOn: false,
    });
  });

  it('are absent if /proc says so, and for root’s processes', () => {
    const limits = LIMITS.replace('8192', 'unlimited');
    const found = processLimitsOf({
      limits,
      status: status(0, '000001ffffffffff'),
      corePattern: '|/bin/x %p',
    });
    expect(found).toMatchObject({
      processes: Infinity,
      longestFile: Infinity,
      mayRaise: true,
      handsDumpsOn: true,
    });
    const fewer = processLimitsOf({ limits, status: status(0, '000001fffeffffff'), corePattern: '@/run/x' });
    expect(fewer).toMatchObject({ mayRaise: false, handsDumpsOn: true });
  });
});

describe('limits that are too low', () => {
  const enough: ProcessLimits = {
    openFiles: 128,
    processes: 64,
    longestFile: Infinity,
    longestCore: 1,
    mayRaise: false,
    handsDumpsOn: true,
  };
  const low = (limits: Partial<ProcessLimits>) => lowLimitsOf({ ...enough, ...limits });

  it('are not reported on most hosts', () => {
    expect(lowLimitsOf(enough)).toEqual([]);
    expect(low({ longestCore: 0, handsDumpsOn: false })).toEqual([]);
    expect(low({ longestCore: 0, mayRaise: true })).toEqual([]);
  });

  it('are reported with a hint', () => {
    expect(low({ openFiles: 127 })).toMatchObject([
      { isFatal: false, remedy: expect.stringContaining('ulimit -Hn') as string },
    ]);
    expect(low({ openFiles: 31 })).toMatchObject([{ isFatal: true }]);
    expect(low({ processes: 63, longestFile: 4096, longestCore: 0 })).toMatchObject([
      { isFatal: false, summary: 'the limit of 63 processes and threads of this user is too low for guests' },
      { isFatal: false, summary: 'the file size limit of 4096 bytes is too low for images and disks' },
      { isFatal: false, summary: expect.stringMatching(/^the hard core limit is 0/) as string },
    ]);
  });
});
