import { useEffect, useState } from 'preact/hooks';
import { machinePath } from '../api/client.ts';
import { protocols, socketAddress } from '../api/session.ts';
import type { MachineEvent, SoundMachine } from '../api/types.ts';
import { Command } from '../parts/command.tsx';
import { moment, shellCommand } from '../parts/format.ts';

const MOST = 500;
const AGAIN_MS = 1000;

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
                <td>{event.event}</td>
                <td>
                  <code>{event.data && JSON.stringify(event.data)}</code>
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
