import type { RefObject } from 'preact';
import { machineAddress } from '../state/route.ts';

/** Keys that leave a console, which takes all others. */
export const RELEASE = 'Ctrl+Alt+.';

export function isRelease({ ctrlKey, altKey, code }: KeyboardEvent): boolean {
  return ctrlKey && altKey && code === 'Period';
}

interface Properties {
  readonly machine: string;
  readonly tab: string;
  readonly alone: boolean;
  readonly glass: RefObject<HTMLElement | null>;
}

export function WindowButtons({ machine, tab, alone, glass }: Properties) {
  return (
    <>
      <button type="button" onClick={() => void glass.current?.requestFullscreen()}>
        Full screen
      </button>
      {!alone && (
        <button
          type="button"
          onClick={() => {
            // A window of this page gets a copy of its sessionStorage, with the secret.
            window.open(
              machineAddress(machine, tab, true),
              `vmlet-${machine}-${tab}`,
              'popup,width=1040,height=860',
            );
          }}
        >
          New window
        </button>
      )}
    </>
  );
}
