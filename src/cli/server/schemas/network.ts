import * as z from 'zod';
import type {
  ListedNetwork,
  PrivateNetwork,
  PrivateNetworkMember,
  SwitchState,
} from '../../../machines/index.ts';
import { count, jsonOf, moment } from './json.ts';

const text = z.string();

const member = jsonOf<PrivateNetworkMember>()({
  name: text,
  address: text,
  ipv6: text.optional(),
  mac: text,
  alias: text.optional(),
  latencyMs: count.optional(),
  lossPpm: count.optional(),
  bandwidth: count.optional(),
  plugged: z.boolean(),
});

const switchPort = jsonOf<SwitchState['ports'][number]>()({
  name: text,
  mac: text,
  framesSent: count,
  bytesSent: count,
  framesReceived: count,
  bytesReceived: count,
  dropped: count,
  lost: count,
  blocked: count,
  rejected: count,
  queued: count,
});

export const network = jsonOf<PrivateNetwork>()({
  name: text,
  createdAt: moment,
  subnet: text,
  ipv6: text,
  mtu: count,
  partitions: z.array(z.array(z.array(text))),
  members: z.array(member),
  switch: jsonOf<SwitchState>()({ pid: z.int(), ports: z.array(switchPort) }).optional(),
  files: jsonOf<PrivateNetwork['files']>()({
    directory: text,
    record: text,
    guests: text,
    switch: text,
    table: text,
    socket: text,
    log: text,
  }),
});

export const brokenNetwork = jsonOf<Exclude<ListedNetwork, PrivateNetwork>>()({ name: text, problem: text });
