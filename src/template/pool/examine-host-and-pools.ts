import { freemem } from 'node:os';
import {
  type ExamineHostOptions,
  type HostReport,
  examineHost as examineWithoutPools,
} from '../../machine/survey/examine-host.ts';
import { listPools } from './named-pools.ts';
import { poolsFinding } from './pools-finding.ts';

/**
 * Examines this host without the cached results, stores new ones for launches, and reports what works, and the memory that
 * the pools of this user hold.
 * @throws CommandFailedError for a helper that does not start, or the signal's reason.
 */
export async function examineHost(options: ExamineHostOptions = {}): Promise<HostReport> {
  const report = await examineWithoutPools(options);
  const pools = await Promise.all(
    listPools().map(async (pool) => {
      const { name, memoryBytes } = pool;
      return { name, memoryBytes, hostBytes: await pool.hostMemoryBytes() };
    }),
  );
  return { ...report, findings: [...report.findings, poolsFinding(pools, freemem())] };
}
