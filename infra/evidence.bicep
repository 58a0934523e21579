// What is particular about the account with the evidence: how long nobody may change it, and
// in which tier it stands.
//
// Log and ledger are append blobs: they cannot be tiered, only deleted, and the log prunes
// itself. Archived files are block blobs: they are tiered by the policy below, but not to
// the archive tier, where they could not be read: a new revision reads the one before it.
param storageName string
param immutabilityDays int
param coolAfterDays int
param coldAfterDays int

// Control data is rewritten and dead letters are removed once redelivered: never immutable.
var immutableContainers = immutabilityDays > 0 ? ['chat-log', 'chat-archive'] : []
var cool = coolAfterDays > 0 ? { tierToCool: { daysAfterModificationGreaterThan: coolAfterDays } } : {}
var cold = coldAfterDays > 0 ? { tierToCold: { daysAfterModificationGreaterThan: coldAfterDays } } : {}

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageName
}

// Deploys unlocked, so that it can be tried; locking is a step of its own, and final:
// docs/operations.md. Appending to log and ledger goes on under it.
resource immutable 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2025-01-01' = [
  for container in immutableContainers: {
    name: '${storageName}/default/${container}/default'
    properties: {
      immutabilityPeriodSinceCreationInDays: immutabilityDays
      allowProtectedAppendWrites: true
    }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = if (coolAfterDays + coldAfterDays > 0) {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'archived-files'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['chat-archive/thread='] }
            actions: { baseBlob: union(cool, cold) }
          }
        }
      ]
    }
  }
}
