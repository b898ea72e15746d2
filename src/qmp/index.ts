export { QmpClient } from './client.ts';
export type { ExecuteOptions, QmpClientOptions, WaitOptions } from './client.ts';
export type { ProcessExit } from './ending.ts';
export type { EventStream } from './event-stream.ts';
export type { QmpGreeting } from './message.ts';
export type { QmpTrace, TracedMessage } from './trace.ts';
export type { JsonObject } from './lossless-json.ts';
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
} from './protocol.ts';
// `*`, so that a user's `declare module 'vmlet/qmp'` can add commands and events.
export type * from './protocol.gen.ts';
export { runJob } from './job.ts';
export type { JobArguments, JobCommandName, JobOptions, JobProgress } from './job.ts';
export { generateTypes } from './generate-types.ts';
export { introspect } from './introspect.ts';
export type { IntrospectOptions, Introspection } from './introspect.ts';
export { QmpSchema, enumValues } from './schema.ts';
export { argumentTypeOf, membersOf } from './schema-members.ts';
export { formatLossless, parseLossless } from './lossless-json.ts';
export { GuestAgentClient } from './guest-agent.ts';
export type { GuestAgentOptions } from './guest-agent.ts';
export type * from './guest-agent-protocol.ts';
export { guestExec } from './guest-exec.ts';
export type { GuestExecOptions, GuestExecResult } from './guest-exec.ts';
export { readGuestFile, writeGuestFile } from './guest-files.ts';
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
} from '../errors.ts';
