import type { CommandReturn, QmpClient } from '../../qmp/index.ts';

/** Resumes processors in this state, and wakes up a guest that has suspended itself to RAM (ACPI S3). */
export async function resumeProcessors(
  qmp: QmpClient,
  status: CommandReturn<'query-status'>['status'],
): Promise<void> {
  // QEMU ignores `cont` without an error while the guest has suspended itself.
  await qmp.execute(status === 'suspended' ? 'system_wakeup' : 'cont');
}
