import { useEffect, useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import { protocols, socketAddress } from '../api/session.ts';
import type { MachineEvent, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { moment, shellCommand } from '../parts/format.ts';

const MOST = 500;
const AGAIN_MS = 1000;

/** The usual events of QEMU in words; others keep their names. */
const WORDS: Readonly<Record<string, string>> = {
  STOP: 'paused',
  RESUME: 'resumed',
  RESET: 'reset',
  POWERDOWN: 'power button pressed',
  SUSPEND: 'suspended by the guest',
  WAKEUP: 'woken up',
  GUEST_PANICKED: 'the guest panicked',
  WATCHDOG: 'the watchdog expired',
  BLOCK_IO_ERROR: 'disk error',
  RTC_CHANGE: 'the guest changed its clock',
  DEVICE_DELETED: 'device removed',
  DEVICE_TRAY_MOVED: 'CD tray moved',
  BLOCK_JOB_COMPLETED: 'disk job completed',
  NIC_RX_FILTER_CHANGED: 'the guest configured its network card',
  VNC_CONNECTED: 'screen: connected',
  VNC_INITIALIZED: 'screen: viewer ready',
  VNC_DISCONNECTED: 'screen: disconnected',
};

function wordsOf({ event, data }: MachineEvent): string {
  if (event === 'SHUTDOWN') return `ended (${String(data?.['reason'])})`;
  if (event === 'JOB_STATUS_CHANGE') return `job ${String(data?.['id'])}: ${String(data?.['status'])}`;
  if (event !== 'VSERPORT_CHANGE') return WORDS[event] ?? event;
  return `${String(data?.['id'])} ${data?.['open'] === true ? 'connected' : 'disconnected'}`;
}

/** The events of QEMU and the keeper, the newest first. */
export function Events({ machine }: { readonly machine: SoundMachine }) {
  const events = useEvents(machine.name);
  return (
    <>
      <Command text={shellCommand('vmlet', 'events', '--since-start', machine.name)} />
      <div class="scroll" tabIndex={0} role="region" aria-label={`Events of ${machine.name}`}>
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Event</th>
              <th scope="col">Details</th>
            </tr>
          </thead>
          <tbody>
            {events.map(({ key, event }) => (
              <tr key={key}>
                <td class="numbers">{moment(event.timestamp.seconds * 1000)}</td>
                <td>{wordsOf(event)}</td>
                <td>
                  <details>
                    <summary>
                      <code>{event.event}</code>
                    </summary>
                    {event.data && <pre>{JSON.stringify(event.data, null, 2)}</pre>}
                  </details>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {events.length === 0 && <p class="faint">No events.</p>}
    </>
  );
}

interface Entry {
  readonly key: number;
  readonly event: MachineEvent;
}

function useEvents(name: string): readonly Entry[] {
  const [events, setEvents] = useState<readonly Entry[]>([]);
  useEffect(() => {
    let count = 0;
    let frame = 0;
    let shown: readonly Entry[] = [];
    let socket: WebSocket;
    let timer: ReturnType<typeof setTimeout>;
    const connect = (): void => {
      socket = new WebSocket(socketAddress(machinePath(name, 'events')), protocols());
      socket.onopen = () => {
        // Each connection begins with the start of the run: events of an earlier one would appear twice.
        shown = [];
      };
      socket.onmessage = ({ data }) => {
        const { event } = JSON.parse(String(data)) as { event?: MachineEvent };
        if (!event) return;
        shown = [{ key: ++count, event }, ...shown].slice(0, MOST);
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          setEvents(shown);
        });
      };
      socket.onclose = () => {
        timer = setTimeout(connect, AGAIN_MS);
      };
    };
    connect();
    return () => {
      socket.onclose = null;
      socket.close();
      clearTimeout(timer);
      cancelAnimationFrame(frame);
    };
  }, [name]);
  return events;
}
