// The program for box-node-sdk 3 that Box's reference prints, call for call; what it leaves open
// ("handle the event") prints it. Only where the API is, and the credentials, are different.
//
// The arguments: the home of its node_modules, the URL of the server, a token.

'use strict';

const { createRequire } = require('node:module');
const http = require('node:http');

const [home, url, token] = process.argv.slice(2);
const BoxSDK = createRequire(`${home}/`)('box-node-sdk');
const client = new BoxSDK({
  clientID: 'id',
  clientSecret: 'secret',
  apiRootURL: url,
  request: { agentClass: http.Agent },
}).getBasicClient(token);

client.events.getEventStream(function (err, stream) {
  if (err) {
    console.error(err);
    return;
  }

  stream.on('data', function (event) {
    console.log(event.event_type, event.source.name);
  });
});
