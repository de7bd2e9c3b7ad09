// Node's http server as upstream, with what it makes of each connection as lines of JSON on standard output.
// Three servers: one for the gateway, one behind nginx, one behind HAProxy.
'use strict';
const http = require('node:http');

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n');

for (const server of ['node', 'nginx', 'haproxy']) {
  const options = { maxHeaderSize: 131072, keepAliveTimeout: 600000, requestTimeout: 0, headersTimeout: 0 };
  const listener = http.createServer(options, (request, response) => {
    const pieces = [];
    const saw = (complete) => say({
      server,
      method: request.method,
      target: request.url,
      fields: request.rawHeaders,
      trailers: request.rawTrailers,
      content: Buffer.concat(pieces).toString('latin1'),
      complete,
    });
    let ended = false;
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      ended = true;
      saw(true);
      response.setHeader('x-saw', `${request.method} ${request.url}`);
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    });
    request.on('close', () => ended || saw(false));
    request.on('error', () => {});
  });
  // What is no request: garbage, or the end of a connection in the middle of one.
  listener.on('clientError', (error, socket) => {
    say({ server, error: error.code, bytes: (error.rawPacket || Buffer.alloc(0)).toString('latin1').slice(0, 400) });
    socket.destroy();
  });
  listener.keepAliveTimeout = 600000;
  listener.maxRequestsPerSocket = 0;
  listener.listen(0, '127.0.0.1', () => say({ server, port: listener.address().port }));
}
