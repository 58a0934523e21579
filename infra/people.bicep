// People: nobody may do anything unless a group is named, and nobody at all may write what
// the host runs: not its package, not its locks and keys.
param storageName string
param operatorGroupId string
param auditorGroupId string

@description('Containers that the command reads and writes.')
param containerNames array

@description('Queues that the command looks at, puts on and clears.')
param queueNames array

// Storage Blob Data Contributor: chat-archive redelivers, erases and holds.
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
// Storage Queue Data Contributor: a backfill puts threads on the queue, status looks at it.
var queueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
// Storage Blob Data Reader: whoever verifies an archive changes nothing.
var blobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'

var writtenContainers = empty(operatorGroupId) ? [] : containerNames
var writtenQueues = empty(operatorGroupId) ? [] : queueNames

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = [
  for container in containerNames: {
    name: '${storageName}/default/${container}'
  }
]

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' existing = [
  for queue in queueNames: {
    name: '${storageName}/default/${queue}'
  }
]

resource archive 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' existing = {
  name: '${storageName}/default/chat-archive'
}

resource operatorsOfContainers 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (container, index) in writtenContainers: {
    scope: containers[index]
    name: guid(containers[index].id, operatorGroupId, blobDataContributor)
    properties: {
      principalId: operatorGroupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
    }
  }
]

resource operatorsOfQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (queue, index) in writtenQueues: {
    scope: queues[index]
    name: guid(queues[index].id, operatorGroupId, queueDataContributor)
    properties: {
      principalId: operatorGroupId
      principalType: 'Group'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', queueDataContributor)
    }
  }
]

resource auditors 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(auditorGroupId)) {
  scope: archive
  name: guid(archive.id, auditorGroupId, blobDataReader)
  properties: {
    principalId: auditorGroupId
    principalType: 'Group'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataReader)
  }
}
