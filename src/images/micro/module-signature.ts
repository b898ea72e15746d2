/** Ends a signed module, after the signature and a descriptor with its length. Source: linux/module_signature.h. */
const MARK = Buffer.from('~Module signature appended~\n', 'latin1');
const DESCRIPTOR_BYTES = 12;

/**
 * Removes the signature at the end of a module, if there is one. Without an accelerator, verifying it takes 15 to 25
 * ms for each of the five modules that nearly every boot loads, without any gain in security: the package was
 * verified when the image was built, and nothing verifies the initramfs that contains the modules. In return the
 * kernel is tainted (E). A kernel that requires signed modules (CONFIG_MODULE_SIG_FORCE, which no supported
 * distribution sets) would reject them.
 */
export function withoutSignature(module: Buffer): Buffer {
  const markAt = module.length - MARK.length;
  if (markAt < DESCRIPTOR_BYTES || !module.subarray(markAt).equals(MARK)) return module;
  const end = markAt - DESCRIPTOR_BYTES - module.readUInt32BE(markAt - 4);
  return end > 0 ? module.subarray(0, end) : module;
}
