// The event subscription, in the resource group of the chat resource. It is deployed after
// the code: Event Grid refuses a function that is not there yet. A queue is there from the
// beginning. Deploying again changes nothing; with the other way to deliver, it changes over.
param topicName string
param functionAppId string
param storageId string

@description('How events arrive: direct calls the function, queue puts them on the storage queue chat-events.')
@allowed(['direct', 'queue'])
param eventDelivery string

@description('The thread-level types: each event once per thread. User-level ones come once per recipient, and never for a thread of one.')
param eventTypes array = [
  'Microsoft.Communication.ChatMessageReceivedInThread'
  'Microsoft.Communication.ChatMessageEditedInThread'
  'Microsoft.Communication.ChatMessageDeletedInThread'
  'Microsoft.Communication.ChatThreadCreated'
  'Microsoft.Communication.ChatThreadPropertiesUpdated'
  'Microsoft.Communication.ChatThreadDeleted'
  'Microsoft.Communication.ChatThreadParticipantAdded'
  'Microsoft.Communication.ChatThreadParticipantRemoved'
]

var isQueued = eventDelivery == 'queue'
var byCall = {
  endpointType: 'AzureFunction'
  properties: {
    resourceId: '${functionAppId}/functions/archive_chat_event'
    // A delivery is all or nothing: one odd event in a batch would have Event Grid send all
    // others again, or hold them up for a day. Each event is an invocation of its own anyway.
    maxEventsPerBatch: 1
  }
}
// As the topic's own identity, the only one that passes a storage firewall.
var byQueue = {
  identity: { type: 'SystemAssigned' }
  destination: {
    endpointType: 'StorageQueue'
    properties: {
      resourceId: storageId
      queueName: 'chat-events'
      // For ever: what nobody took within a week would be gone.
      queueMessageTimeToLiveInSeconds: -1
    }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'chat-archiver'
  properties: {
    destination: isQueued ? null : byCall
    deliveryWithResourceIdentity: isQueued ? byQueue : null
    filter: { includedEventTypes: eventTypes }
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
    // Without this, Event Grid drops what it cannot deliver.
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: { resourceId: storageId, blobContainerName: 'dead-letter' }
      }
    }
  }
}
