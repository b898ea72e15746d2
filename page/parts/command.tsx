import { useState } from 'preact/hooks';

/** A shell command, with a button that copies it. */
export function Command({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied('Copied');
    } catch {
      // The browser allows it on secure pages only; the text can be selected.
      setCopied('Copy failed');
    }
  };
  return (
    <div class="command">
      <code>{text}</code>
      <button
        type="button"
        aria-label={`Copy ${text}`}
        onClick={() => void copy()}
        onBlur={() => setCopied('')}
      >
        {copied || 'Copy'}
      </button>
    </div>
  );
}
