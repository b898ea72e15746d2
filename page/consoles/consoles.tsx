import type { SoundMachine } from '../api/types.ts';
import { lazily } from '../parts/lazily.tsx';

export interface ConsoleProperties {
  readonly machine: SoundMachine;
  /** In a window of its own. */
  readonly alone: boolean;
}

/** Consoles are large and loaded when one is opened. */
const Glass = () => <div class="glass" />;

export const Serial = lazily(async () => (await import('./terminal.tsx')).SerialConsole, Glass);
export const Shell = lazily(async () => (await import('./terminal.tsx')).ShellConsole, Glass);
export const Screen = lazily(async () => (await import('./screen.tsx')).ScreenConsole, Glass);
