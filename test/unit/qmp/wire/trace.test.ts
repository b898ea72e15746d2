import { describe, expect, test } from 'vitest';
import { QmpTrace } from '../../../../src/qmp/wire/trace.ts';

const received = (trace: QmpTrace, text: string): void => trace.record('received', Buffer.from(text));
const shown = (trace: QmpTrace): string[] =>
  trace.messages().map(({ direction, message }) => `${direction} ${JSON.stringify(message)}`);

describe('the trace of a monitor', () => {
  test('contains the messages of both directions in order, in any chunks', () => {
    const trace = new QmpTrace();
    received(trace, '{"QMP":{}}\r\n');
    trace.record('sent', '{"execute":"cont"}');
    received(trace, '{"event":"RES');
    trace.record('sent', '{"execute":"stop","id":0}');
    received(trace, 'UME"}\r\n{"return":{}}\r\n');
    expect(shown(trace)).toEqual([
      'received {"QMP":{}}',
      'sent {"execute":"cont"}',
      'sent {"execute":"stop","id":0}',
      'received {"event":"RESUME"}',
      'received {"return":{}}',
    ]);
    expect(trace.dropped).toBe(0);
  });

  test('keeps the newest messages, each complete', () => {
    const trace = new QmpTrace({ entries: 3 });
    received(trace, '{"return":{"a":{}');
    received(trace, ',"b":{"c":1}}}\r\n{"event":"STOP"}\r\n');
    trace.record('sent', '{"execute":"one"}');
    expect(shown(trace)).toHaveLength(3);
    trace.record('sent', '{"execute":"two"}');
    expect(shown(trace)).toEqual([
      'received {"event":"STOP"}',
      'sent {"execute":"one"}',
      'sent {"execute":"two"}',
    ]);
    expect(trace.dropped).toBe(1);
  });

  test('is limited in bytes, even for one long message', () => {
    const trace = new QmpTrace({ bytes: 1000 });
    for (let number = 0; number < 5000; number++) trace.record('sent', `{"execute":"${number}"}`);
    const kept = shown(trace);
    expect(kept.at(-1)).toBe('sent {"execute":"4999"}');
    expect(kept.join('').length).toBeLessThan(1500);
    expect(trace.dropped).toBe(5000 - kept.length);
    trace.record('sent', `{"execute":"${'x'.repeat(2000)}"}`);
    received(trace, '{"return":{}}\r\n');
    expect(shown(trace)).toEqual(['received {"return":{}}']);
  });

  test('omits passwords and keys', () => {
    const trace = new QmpTrace();
    trace.record('sent', '{"execute":"set_password","arguments":{"protocol":"vnc","password":"hunter2"}}');
    trace.record(
      'sent',
      '{"execute":"object-add","arguments":{"qom-type":"secret","id":"s","data":"hunter2"}}',
    );
    trace.record('sent', '{"execute":"ringbuf-write","arguments":{"device":"r","data":"shown"}}');
    const text = trace.toJsonLines();
    expect(text).not.toContain('hunter2');
    expect(text).toContain('"id":"s"');
    expect(text).toContain('shown');
  });

  test('is written a line a message, with times and with integers of 64 bits', () => {
    const trace = new QmpTrace();
    const before = Date.now();
    received(trace, '{"return":{"size":18446744073709551615}}\r\n');
    const [line, ...rest] = trace.toJsonLines().split('\n');
    expect(rest).toEqual(['']);
    expect(line).toContain('"message":{"return":{"size":18446744073709551615}}');
    const { time, direction } = JSON.parse(line ?? '') as { time: string; direction: string };
    expect(direction).toBe('received');
    expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time)).toBeLessThanOrEqual(Date.now());
  });
});
