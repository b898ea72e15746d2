import { render } from 'preact';
import { followServer } from './state/server-events.ts';
import { openSession } from './api/session.ts';
import { App } from './app.tsx';
import './style/base.css';
import './style/parts.css';
import './style/list.css';
import './style/machine.css';

const place = document.getElementById('page');
if (place) render(<App />, place);
await openSession();
followServer();
