import { cpioArchive } from '../../images/formats/cpio.ts';
import { AGENT_IN_INITRD } from '../plan/plan.ts';

/** An archive with the agent alone, at `/.vmlet-agent`. It can be appended to any initramfs. */
export function agentArchive(agent: Buffer): Buffer {
  return cpioArchive([{ type: 'file', path: AGENT_IN_INITRD, mode: 0o755, data: agent }]);
}

/** Shell commands that append the archive to a file, with the agent's program from `agentPath`. */
export function appendAgentArchive(
  agent: Buffer,
  { agentPath, target }: { readonly agentPath: string; readonly target: string },
  command: (words: readonly string[]) => string,
): string[] {
  const archive = agentArchive(agent);
  const at = archive.indexOf(agent);
  const parts = [
    ['printf', asFormat(archive.subarray(0, at))],
    ['cat', agentPath],
    ['printf', asFormat(archive.subarray(at + agent.length))],
  ];
  return parts.map((words) => `${command(words)} >> ${command([target])}`);
}

/** Headers of archives are text without percent signs and backslashes, padded with NUL. */
function asFormat(header: Buffer): string {
  return header.toString('latin1').replaceAll('\0', String.raw`\000`);
}
