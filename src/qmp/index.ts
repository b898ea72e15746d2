export { QmpClient } from './client.ts';
export type { ExecuteOptions, QmpClientOptions, WaitOptions } from './client.ts';
export type { ProcessExit } from './ending.ts';
export type { EventStream } from './event-stream.ts';
export type { QmpGreeting } from './message.ts';
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
export type * from './protocol.gen.ts';
export { generateTypes } from './generate-types.ts';
