import * as z from 'zod';
import type { Finding, HostFeature, HostReport, UsageEntry } from '../../../index.ts';
import { anyObject, count, jsonOf } from './json.ts';

const text = z.string();

/** The items of findings grow with vmlet: their names are not fixed. */
const item = text as z.ZodType<Finding['item']>;

const finding = jsonOf<Finding>()({
  item,
  state: z.enum(['works', 'degraded', 'broken']),
  summary: text,
  remedy: text.optional(),
});

const feature = jsonOf<HostFeature>()({
  feature: text,
  program: z.enum(['qemu', 'qemu-img', 'passt', 'swtpm', 'virtiofsd', 'kernel']),
  present: z.boolean(),
  used: text.optional(),
  otherwise: text,
  finding: item.optional(),
});

/** The fields of the survey follow the programs of the host, and are not described. */
export const hostReport = {
  canRunGuests: z.boolean(),
  findings: z.array(finding),
  isolation: z.array(anyObject),
  featureTable: jsonOf<HostReport['featureTable']>()({ version: z.literal(1), features: z.array(feature) }),
  survey: anyObject,
  surroundings: anyObject,
};

export const usageEntry = jsonOf<UsageEntry>()({
  name: text,
  active: z.boolean(),
  apparentBytes: count,
  hostBytes: count,
  reclaimableBytes: count,
  path: text.optional(),
  problem: text.optional(),
});

export const usage = z.strictObject({
  kind: text,
  total: count,
  active: count,
  apparentBytes: count,
  hostBytes: count,
  reclaimableBytes: count,
  entries: z.array(usageEntry),
});
