import type { QmpCommands, QmpEvents } from './protocol.gen.ts';

/**
 * Types of one QEMU build's commands and events. The default are those shipped with vmlet; users can generate
 * their own with `vmlet qmp types --qemu BIN` and pass them as type parameters.
 */
export type CommandName<Commands = QmpCommands> = keyof Commands & string;

/** Completes the known names and permits any other. */
export type AnyCommandName<Commands = QmpCommands> = CommandName<Commands> | (string & Record<never, never>);

/** Arguments of a command. */
export type CommandArguments<Name extends string, Commands = QmpCommands> = Name extends keyof Commands
  ? Commands[Name] extends { arguments: infer Arguments }
    ? Arguments
    : never
  : Readonly<Record<string, unknown>>;

/** Return value of a command. */
export type CommandReturn<Name extends string, Commands = QmpCommands> = Name extends keyof Commands
  ? Commands[Name] extends { returns: infer Return }
    ? Return
    : never
  : unknown;

/** The names of the commands that QEMU can run out of band. */
export type OutOfBandCommandName<Commands = QmpCommands> = {
  [Name in CommandName<Commands>]: Commands[Name] extends { outOfBand: true } ? Name : never;
}[CommandName<Commands>];

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the question is whether {} is enough
type NoArguments = {};

/** The arguments can be omitted if all of them are optional. */
export type CommandParameters<Name extends string, Options, Commands = QmpCommands> =
  NoArguments extends CommandArguments<Name, Commands>
    ? [args?: CommandArguments<Name, Commands>, options?: Options]
    : [args: CommandArguments<Name, Commands>, options?: Options];

/** A known event name. */
export type EventName<Events = QmpEvents> = keyof Events & string;
/** A known event name, or any other string. */
export type AnyEventName<Events = QmpEvents> = EventName<Events> | (string & Record<never, never>);

/** Data of an event. */
export type EventData<Name extends string, Events = QmpEvents> = Name extends keyof Events
  ? Events[Name]
  : Readonly<Record<string, unknown>>;

/** One event as QEMU sent it; `data` is `{}` if it has none. A union over `event` that narrows on it. */
export type QmpEvent<Name extends string = EventName, Events = QmpEvents> = Name extends string
  ? {
      readonly event: Name;
      readonly data: EventData<Name, Events>;
      /** Time of the event on QEMU's clock, since the epoch; -1 if it could not be read. */
      readonly timestamp: { readonly seconds: number; readonly microseconds: number };
    }
  : never;
