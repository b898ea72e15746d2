import type { QmpCommands, QmpEvents } from './protocol.gen.ts';

/**
 * The types of one QEMU build's commands, events included, default to those that vmlet ships; a user's own come
 * from `vmlet qmp types --qemu BIN` and are given as type parameters.
 */
export type CommandName<Commands = QmpCommands> = keyof Commands & string;

/** Completes the known names and allows any other. */
export type AnyCommandName<Commands = QmpCommands> = CommandName<Commands> | (string & Record<never, never>);

export type CommandArguments<Name extends string, Commands = QmpCommands> = Name extends keyof Commands
  ? Commands[Name] extends { arguments: infer Arguments }
    ? Arguments
    : never
  : Readonly<Record<string, unknown>>;

export type CommandReturn<Name extends string, Commands = QmpCommands> = Name extends keyof Commands
  ? Commands[Name] extends { returns: infer Return }
    ? Return
    : never
  : unknown;

/** The names that QEMU runs out of band. */
export type OutOfBandCommandName<Commands = QmpCommands> = {
  [Name in CommandName<Commands>]: Commands[Name] extends { outOfBand: true } ? Name : never;
}[CommandName<Commands>];

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the question is whether {} is enough
type NoArguments = {};

/** The arguments may be left out where every one of them is optional. */
export type CommandParameters<Name extends string, Options, Commands = QmpCommands> =
  NoArguments extends CommandArguments<Name, Commands>
    ? [args?: CommandArguments<Name, Commands>, options?: Options]
    : [args: CommandArguments<Name, Commands>, options?: Options];

export type EventName<Events = QmpEvents> = keyof Events & string;
export type AnyEventName<Events = QmpEvents> = EventName<Events> | (string & Record<never, never>);

export type EventData<Name extends string, Events = QmpEvents> = Name extends keyof Events
  ? Events[Name]
  : Readonly<Record<string, unknown>>;

/** One event as QEMU sent it; `data` is `{}` where it has none. A union over `event` that narrows on it. */
export type QmpEvent<Name extends string = EventName, Events = QmpEvents> = Name extends string
  ? {
      readonly event: Name;
      readonly data: EventData<Name, Events>;
      /** QEMU's clock when it happened, since the epoch; -1 where it could not be read. */
      readonly timestamp: { readonly seconds: number; readonly microseconds: number };
    }
  : never;
