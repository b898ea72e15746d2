export { QmpClient } from './client/client.ts';
export type { ExecuteOptions, QmpClientOptions, WaitOptions } from './client/client.ts';
export type { ProcessExit } from './connection/ending.ts';
export type { EventStream } from './connection/event-stream.ts';
export type { QmpGreeting } from './wire/message.ts';
export type { QmpTrace, TracedMessage } from './wire/trace.ts';
export type { JsonObject } from './wire/lossless-json.ts';
export type {
  AnyCommandName,
  AnyEventName,
  CommandArguments,
  CommandName,
  CommandParameters,
  CommandReturn,
  EventData,
  EventName,
  OutOfBandCommandName,
  QmpEvent,
} from './protocol/protocol.ts';
// `*`, so that a user's `declare module 'vmlet/qmp'` can add commands and events.
export type * from './protocol/protocol.gen.ts';
export { runJob } from './client/job.ts';
export type { JobArguments, JobCommandName, JobOptions, JobProgress } from './client/job.ts';
export { generateTypes } from './schema/generate-types.ts';
export { introspect } from './schema/introspect.ts';
export type { IntrospectOptions, Introspection } from './schema/introspect.ts';
export { QmpSchema, enumValues } from './schema/qmp-schema.ts';
export { argumentTypeOf, membersOf } from './schema/schema-members.ts';
export { formatLossless, parseLossless } from './wire/lossless-json.ts';
export { GuestAgentClient } from './guest-agent/guest-agent.ts';
export type { GuestAgentOptions } from './guest-agent/guest-agent.ts';
export type * from './guest-agent/guest-agent-protocol.ts';
export { guestExec } from './guest-agent/guest-exec.ts';
export type { GuestExecOptions, GuestExecResult } from './guest-agent/guest-exec.ts';
export { readGuestFile, writeGuestFile } from './guest-agent/guest-files.ts';
export {
  InvalidInputError,
  QmpClosedError,
  QmpConnectError,
  QmpCrashedError,
  QmpJobError,
  QmpNoGreetingError,
  QmpProtocolError,
  QmpRefusedError,
  QmpStateError,
  TimedOutError,
  VmletError,
} from '../errors/index.ts';
