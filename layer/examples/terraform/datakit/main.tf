# What a function needs for the DataKit extension, as values: the function itself stays yours, by whatever resource
# or module you make it. Needs no provider.

terraform {
  required_version = ">= 1.5"
}

variable "layer_arns" {
  type        = list(string)
  description = "Layer versions whose names end in their architecture, e.g. [for l in jsondecode(file(\"arns.json\")).layers : l.arn]"

  validation {
    condition     = alltrue([for arn in var.layer_arns : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+-(x86_64|arm64):[0-9]+$", arn))])
    error_message = "Each must be the ARN of a layer's version whose name ends in -x86_64 or -arm64."
  }
}

variable "region" {
  type        = string
  description = "Region of the function"
}

variable "architecture" {
  type        = string
  description = "Architecture of the function: x86_64 or arm64"
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "It must be x86_64 or arm64."
  }
}

variable "secret_arn" {
  type        = string
  description = "Complete ARN of the Secrets Manager secret whose text is the Dataway URL with the token; the better way"
  default     = null
}

variable "secret_key" {
  type        = string
  description = "Key of a JSON secret"
  default     = null
}

variable "dataway" {
  type        = string
  description = "Dataway URL with the token, which then stands in Terraform's state and in the function's settings"
  sensitive   = true
  default     = null
}

locals {
  by_place = { for arn in var.layer_arns : "${split(":", arn)[3]} ${regex("-(x86_64|arm64):[0-9]+$", arn)[0]}" => arn }
  place    = "${var.region} ${var.architecture}"
}

output "layers" {
  description = "For the function's layers"
  value       = [lookup(local.by_place, local.place, "")]

  precondition {
    condition     = contains(keys(local.by_place), local.place)
    error_message = "layer_arns has none for ${local.place}."
  }
}

output "environment" {
  description = "To be merged into the function's variables; sensitive only with a token"
  value = (
    var.secret_arn == null
    ? tomap({ ENV_DATAWAY = var.dataway })
    : tomap({ ENV_DATAWAY_SECRET_ARN = join("#", compact([var.secret_arn, var.secret_key])) })
  )
  sensitive = true

  precondition {
    condition     = (var.secret_arn == null) != (var.dataway == null)
    error_message = "Give secret_arn or dataway, and not both."
  }
}

output "policy" {
  description = "Policy for the function's role, as JSON; null without a secret"
  value = var.secret_arn == null ? null : jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = var.secret_arn
    }]
  })
}
